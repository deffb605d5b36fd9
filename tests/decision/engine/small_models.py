"""Models that give each offer of the small workspace a rate of its own."""

from collections.abc import Mapping

from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from models.rates import Rates
from rules.ids import GoalId, Instant, OfferId, PlacementId
from rules.workspace import Objective

CALL = PlacementId("call")


def rates_model(
    goal: str,
    rates: Mapping[OfferId, float],
    objective: Objective = "response",
    evidence: Mapping[OfferId, int] | None = None,
    variation: float = 0.0,
) -> Model:
    artefact = Artefact(
        kind="rates",
        goal=GoalId(goal),
        objective=objective,
        created=Instant(0),
        rates=Rates(overall=0.1, offers={CALL: dict(rates)}),
        evidence_by_offer=dict(evidence or {}),
        variation=variation,
    )
    return load_model(encode_artefact(artefact))
