"""What a training or an evaluation works on: the journal, the catalogues it speaks of, and the question asked."""

from collections.abc import Iterable
from contextlib import suppress

import duckdb
import msgspec

from decision.version.registry import CATALOGUE_SLOT, Registry
from models.model import Model, load_model, prior_model
from rules.catalogue import Catalogue
from rules.errors import ConciergeError, NotFound
from rules.ids import GoalId, Instant, ModelVersion, PlacementId
from rules.package import unpack
from training.material.kin import Kin, kin_of
from training.material.ledger import catalogues_of, latest_moment
from training.material.past import Past, past_of
from training.material.places import places_of
from training.material.question import Question, Source, question_of


class Range(msgspec.Struct, frozen=True):
    """Which decisions an operator asks for; without `now`, windows are held against the journal's latest moment."""

    since: Instant | None = None
    until: Instant | None = None
    now: Instant | None = None
    placements: tuple[PlacementId, ...] = ()
    source: Source | None = None


class Material(msgspec.Struct, frozen=True, eq=False):
    """A question about one goal, and all it takes to answer it from the journal.

    `catalogue` is the one in use; `catalogues` those that decisions were made with and that can still be read. `places`
    are where the goal is the placement's own, `taught` also where it is a further one. `further` are the models in use
    for what else its placements work towards, `past` holds what decisions were made with, `kin` who is whom.
    """

    connection: duckdb.DuckDBPyConnection
    question: Question
    catalogue: Catalogue
    catalogues: dict[str, Catalogue]
    places: dict[str, frozenset[PlacementId]]
    taught: dict[str, frozenset[PlacementId]]
    further: dict[GoalId, Model]
    past: Past
    kin: Kin


async def gather(registry: Registry, connection: duckdb.DuckDBPyConnection, goal: GoalId, range: Range) -> Material:
    """The material for a goal; raises `NotFound` without a published workspace and TrainingError without a journal."""
    catalogue = await current_catalogue(registry)
    now = latest_moment(connection) if range.now is None else range.now
    question = question_of(catalogue.workspace, goal, now, range.since, range.until, range.placements, range.source)
    decided = catalogues_of(connection)
    catalogues = {str(catalogue.version): catalogue}
    catalogues |= await stored_catalogues(registry, decided.keys() - catalogues.keys())
    places, taught = (places_of(catalogues, question, decided, further) for further in (False, True))
    models = await _further(registry, catalogues, places, goal)
    past = await past_of(registry, connection, question, catalogues, places)
    return Material(connection, question, catalogue, catalogues, places, taught, models, past, kin_of(connection))


async def stored_catalogues(registry: Registry, versions: Iterable[str]) -> dict[str, Catalogue]:
    """Those of the versions that can still be read.

    What cannot be read any more cannot be learned from either; evaluation counts it as skipped.
    """
    found = {}
    for version in versions:
        with suppress(ConciergeError):
            found[version] = unpack(await registry.get("catalogue", version))
    return found


async def _further(
    registry: Registry, catalogues: dict[str, Catalogue], places: dict[str, frozenset[PlacementId]], goal: GoalId
) -> dict[GoalId, Model]:
    """The models in use for the further goals of these placements, but for those that fit their goal no more."""
    aims = {
        (aim, workspace.goals[aim].objective)
        for workspace, ids in ((catalogues[version].workspace, ids) for version, ids in places.items())
        for id in ids
        for aim in workspace.placements[id].aims
        if aim != goal
    }
    current = await registry.current("model")
    models = {aim: load_model(await registry.get("model", current[aim])) for aim, _ in sorted(aims) if aim in current}
    return {aim: models[aim] for aim, objective in sorted(aims) if aim in models and models[aim].objective == objective}


async def current_catalogue(registry: Registry) -> Catalogue:
    """The catalogue in use; raises `NotFound` when none is."""
    version = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
    if version is None:
        raise NotFound("No workspace is published yet; run `concierge publish DIR` first.")
    return unpack(await registry.get("catalogue", version))


async def champion_of(registry: Registry, question: Question) -> tuple[Model, ModelVersion | None]:
    """The model in use for the goal and its version; the prior, and None, where there is none for this objective."""
    version = (await registry.current("model")).get(question.goal)
    if version is not None:
        model = load_model(await registry.get("model", version))
        if model.objective == question.objective:
            return model, ModelVersion(version)
    return prior_model(question.goal, question.objective), None
