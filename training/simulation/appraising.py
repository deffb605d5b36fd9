"""How the decisions of each goal are valued: by outcomes within their window, and by reward models of both sides."""

import asyncio
from collections.abc import Mapping, Sequence

import duckdb
import msgspec

from decision.version.registry import Registry
from rules.catalogue import Catalogue
from rules.errors import NotFound
from rules.ids import GoalId, Instant
from training.evaluation.judgement import MOST_LEARNED
from training.evaluation.lessons import read_lessons
from training.evaluation.rewards import Kind, fit_rewards
from training.material.ledger import first_offers
from training.material.material import Material, Range, gather
from training.material.question import Question
from training.simulation.people import Scope
from training.simulation.valuing import Appraisal
from training.simulation.worth import Earnings, earnings_of


class Valuation(msgspec.Struct, frozen=True):
    """A goal's question, what came of its decisions, and what values them in any process."""

    question: Question
    earnings: Earnings
    appraisal: Appraisal


async def appraise(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    catalogues: Sequence[Catalogue],
    scope: Scope,
    learned: Sequence[Mapping[GoalId, Instant]],
) -> dict[GoalId, Valuation]:
    """The valuation of each goal that both sides have and that decisions in the scope are for.

    `learned` is until when each side's models learned, by their goals: what lies before is not valued. Reward models
    see the features that all catalogues share: `catalogues`, and those that the log was made with.
    """
    found: dict[GoalId, Valuation] = {}
    for goal in sorted(catalogues[0].workspace.goals.keys() & catalogues[1].workspace.goals.keys()):
        named = [id for id, placement in catalogues[0].workspace.placements.items() if placement.goal == goal]
        placements = tuple(id for id in scope.placements if id in named)
        if not named or (scope.placements and not placements):
            continue
        asked = Range(scope.since, scope.until, None, placements, "live")
        try:
            material = await gather(registry, connection, goal, asked)
        except NotFound:
            continue
        if any(material.places.values()):
            ends = [_end(catalogue, until, goal) for catalogue, until in zip(catalogues, learned, strict=True)]
            begin = max((end for end in ends if end is not None), default=None)
            found[goal] = await asyncio.to_thread(_valuation, material, catalogues, begin)
    return found


def _end(catalogue: Catalogue, learned: Mapping[GoalId, Instant], goal: GoalId) -> Instant | None:
    """Until when any model learned that decides at the goal's placements."""
    aims = {aim for spec in catalogue.workspace.placements.values() if spec.goal == goal for aim in spec.aims}
    return max((learned[aim] for aim in aims if aim in learned), default=None)


def _valuation(material: Material, catalogues: Sequence[Catalogue], begin: Instant | None) -> Valuation:
    question = material.question
    logged = {version: found for version, found in material.catalogues.items() if material.places.get(version)}
    shared = {**{str(one.version): one for one in catalogues}, **logged}
    earned = first_offers(material.connection, question, material.places, MOST_LEARNED)
    kind: Kind = "response" if question.objective == "response" else "value"
    rewards = fit_rewards(read_lessons(earned, question, shared, material.kin), question.goal, kind)
    appraisal = Appraisal.of(question.window, question.now, rewards, kind, begin)
    return Valuation(question, earnings_of(material.connection, question), appraisal)
