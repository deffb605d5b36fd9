"""One look at the journal: what it says of each model in use."""

from collections.abc import Mapping

import duckdb
import msgspec

from decision.care.drift import Vectors, drift_of
from decision.care.ledger import DAY, calibrated, served_since, shown_since
from decision.care.report import EVIDENCE_BOUNDS, CareReport, Evidence, GoalCare
from decision.care.warning import warnings_of, warnings_of_serving
from models.artefact import Artefact
from rules.catalogue import Catalogue
from rules.duration import parse_duration
from rules.ids import GoalId, Instant, ModelVersion, OfferId

MOST = 20_000
"""Decisions that drift is found in, at most: more would tell no more."""

THINNEST = 10


class Scene(msgspec.Struct, frozen=True, eq=False):
    """What is looked at: the catalogue and the models in use, what vectors hold, the journal's latest moment, now."""

    catalogue: Catalogue
    models: Mapping[GoalId, tuple[ModelVersion, Artefact]]
    vectors: Vectors
    present: Instant
    now: Instant


def look(connection: duckdb.DuckDBPyConnection, scene: Scene) -> CareReport:
    """The report on all models in use whose goals the catalogue has."""
    workspace = scene.catalogue.workspace
    served = served_since(connection, scene.present - DAY)
    goals = {goal: _look_at(connection, scene, goal) for goal in sorted(workspace.goals) if goal in scene.models}
    return CareReport(
        made=scene.now,
        present=scene.present,
        decisions=served.decisions,
        fallbacks=served.fallbacks,
        degraded=served.degraded,
        goals=goals,
        warnings=warnings_of_serving(served, workspace.care),
    )


def _look_at(connection: duckdb.DuckDBPyConnection, scene: Scene, goal: GoalId) -> GoalCare:
    workspace, (version, artefact) = scene.catalogue.workspace, scene.models[goal]
    spec, care = workspace.goals[goal], workspace.care
    placements = sorted(id for id, placement in workspace.placements.items() if placement.goal == goal)
    back = parse_duration(care.window)
    shown = shown_since(connection, placements, spec.objective == "response", scene.present - back, MOST)
    drift = drift_of(artefact, version, shown, scene.vectors)
    # A gain over showing nothing is never seen of a single decision.
    came = (
        None
        if spec.objective == "increment"
        else calibrated(connection, placements, spec, version, scene.present, parse_duration(spec.window), back)
    )
    found = GoalCare(
        version=version,
        created=artefact.created,
        trained=artefact.kind == "forest",
        shown=shown.num_rows,
        drift=drift.features,
        prediction=drift.prediction,
        calibrated=came,
        evidence=_evidence(scene.catalogue, goal, artefact, care.evidence),
    )
    return msgspec.structs.replace(found, warnings=warnings_of(found, care, scene.now))


def _evidence(catalogue: Catalogue, goal: GoalId, artefact: Artefact, enough: int) -> Evidence | None:
    """How much the model has seen of each offer that a placement of its goal may show."""
    if not artefact.evidence_by_offer:
        return None
    offers: dict[OfferId, int] = {}
    for placement in catalogue.placements.values():
        if placement.spec.goal == goal:
            offers.update((offer, artefact.evidence_by_offer.get(offer, 0)) for offer in placement.offers.ids)
    return Evidence(
        offers=len(offers),
        thin=sum(seen < enough for seen in offers.values()),
        below=tuple(sum(seen < bound for seen in offers.values()) for bound in EVIDENCE_BOUNDS),
        thinnest=tuple(sorted(offers.items(), key=lambda each: (each[1], each[0]))[:THINNEST]),
    )
