"""An evaluation from end to end: journal in, judged decisions out."""

import asyncio
from collections.abc import Callable

import duckdb
import msgspec

from decision.version.registry import Registry
from models.model import Model, load_model
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, ModelVersion, OfferId, PlacementId
from training.evaluation.constant import constant_order
from training.evaluation.judged import Cast, Judged, judge
from training.evaluation.lessons import read_lessons
from training.evaluation.policies import CHALLENGER, CHAMPION_MODEL
from training.evaluation.rewards import Kind, Rewards, fit_rewards
from training.material.ledger import brought_offers, decided_offers, first_offers, moment_of
from training.material.material import Material, Range, champion_of, gather
from training.material.question import Question

Step = Callable[[], None]

JUDGED_SHARE = 0.2

MOST_LEARNED = 200_000
"""Decisions that the reward model learns from; more would only make it slower."""


async def judge_goal(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    goal: GoalId,
    range: Range,
    versions: tuple[ModelVersion, ...] = (),
    step: Step = lambda: None,
    decided: tuple[PlacementId, ...] = (),
    threads: int = 1,
    slates: bool = False,
) -> Judged:
    """Judge the model in use (the prior where none is), its challenger and stored ones on the decisions in a range.

    With `decided` also what those placements decided for the same subjects at the same moments, with `slates` also what
    all ranks of a slate would have earned. Without `range.since` the range begins where the models' training ended, or
    with the latest fifth where none was trained. The constant is chosen on what lies before.
    """
    material = await gather(registry, connection, goal, range)
    question = material.question
    champion, current = await champion_of(registry, question)
    models = {CHAMPION_MODEL: champion}
    tried = await _challenger(registry, question)
    if tried is not None:
        models[CHALLENGER] = tried
    for version in versions:
        if version not in {current, None if tried is None else tried.version}:
            models[str(version)] = _fitting(load_model(await registry.get("model", version)), version, question)
    ends = [model.artefact.window[1] for model in models.values() if model.artefact.window is not None]
    since = question.since if question.since is not None else max(ends, default=None)
    if since is None:
        since = moment_of(connection, question, material.places, 1.0 - JUDGED_SHARE)
    return await asyncio.to_thread(judge_material, material, since, models, step, None, decided, threads, slates)


async def _challenger(registry: Registry, question: Question) -> Model | None:
    """The model that is tried beside the one in use, if it is for this objective."""
    version = (await registry.challengers()).get(question.goal)
    model = None if version is None else load_model(await registry.get("model", version))
    return model if model is not None and model.objective == question.objective else None


def _fitting(model: Model, version: str, question: Question) -> Model:
    if (model.goal, model.objective) != (question.goal, question.objective):
        raise ArtefactError(
            f"Model {version} is for goal {model.goal!r} and objective {model.objective!r}; give one for "
            f"{question.goal!r}."
        )
    return model


def judge_material(
    material: Material,
    since: Instant | None,
    models: dict[str, Model],
    step: Step,
    most: int | None = None,
    decided: tuple[PlacementId, ...] = (),
    threads: int = 1,
    slates: bool = False,
    cast: Cast | None = None,
) -> Judged:
    """Judge models on the material's decisions from `since` on, on `most` of them; the constant is chosen before.

    With a `cast` it says which of the models stands for which policy with a person.
    Raises TrainingError when no decision can be used.
    """
    question = material.question
    earlier = msgspec.structs.replace(question, since=None, until=since)
    order: tuple[OfferId, ...] = ()
    if since is not None:
        order = constant_order(first_offers(material.connection, earlier, material.places), question)
    later = msgspec.structs.replace(question, since=since)
    rewards = rewards_of(material, later, most, threads)
    logged = first_offers(material.connection, later, material.places, most)
    beside = {placement: decided_offers(material.connection, later, placement) for placement in decided}
    brought = brought_offers(material.connection, later, material.places) if slates else None
    return judge(
        logged,
        question,
        material.catalogues,
        models,
        order,
        rewards,
        step,
        beside,
        brought,
        material.further,
        material.past,
        material.kin,
        cast,
    )


def rewards_of(material: Material, question: Question, most: int | None = None, threads: int = 1) -> Rewards:
    """The reward model of the decisions asked for, or of `most` of them."""
    catalogues = {version: found for version, found in material.catalogues.items() if material.places.get(version)}
    learned = min(MOST_LEARNED, MOST_LEARNED if most is None else most)
    earned = first_offers(material.connection, question, material.places, learned)
    kind: Kind = "response" if question.objective == "response" else "value"
    return fit_rewards(read_lessons(earned, question, catalogues, material.kin), question.goal, kind, threads)
