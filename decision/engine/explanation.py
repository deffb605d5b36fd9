"""Explanation: why each offer of the catalogue was shown or not, found by deciding again what the journal holds."""

from collections.abc import Mapping

import msgspec

from decision.engine.candidate_explanation import explain_candidates, explain_left_out
from decision.engine.contribution import with_contributions
from decision.engine.engine import draw
from decision.engine.explained_offer import ExplainedOffer, as_recorded
from decision.engine.replaying import comes_out_the_same, inputs_of
from decision.engine.snapshot import Snapshot
from decision.engine.terms import Prices
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord
from rules.facts import FactValue
from rules.ids import CatalogueVersion, DecisionId, GoalId, Instant, ModelVersion, OfferId, PlacementId
from rules.reason import Reason


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A decision told: shown offers by rank, then the others in catalogue order.

    `replayed_equal` says whether deciding again gave the journalled answer bit for bit; None for decisions of another
    system, of which only what was shown is known. `facts` are what was known about the request. `further_models` are
    those of the placement's further goals; `none_probability` is the chance that nothing was shown, where that was a
    choice.
    """

    decision: DecisionId
    placement: PlacementId
    now: Instant
    seed: int
    catalogue: CatalogueVersion
    model: ModelVersion | None
    further_models: Mapping[GoalId, ModelVersion]
    group: str
    none_probability: float
    degraded: tuple[str, ...]
    replayed_equal: bool | None
    facts: Mapping[str, FactValue]
    offers: tuple[ExplainedOffer, ...]


def explain(record: DecisionRecord, snapshot: Snapshot, prices: Prices | None = None) -> Explanation:
    """The explanation of a journalled decision.

    `snapshot` holds the record's catalogue and models, `prices` are the record's if any; raises `Conflict` when they
    are others. Decisions of another system are explained by what they showed, with any snapshot.
    """
    if record.source != "live":
        return _tell(record, None, {}, [as_recorded(offer) for offer in record.decision.offers])
    equal = comes_out_the_same(record, snapshot, prices)
    given = inputs_of(record, prices)
    if "store" in given.without:
        return _tell(record, equal, {}, _fallback(record, snapshot.catalogue.offers.ids))
    weighing = weigh(
        record.request,
        given.profile,
        given.history,
        snapshot,
        record.now,
        given.without,
        terms=given.terms,
        group=record.decision.group,
    )
    slate = draw(weighing, record.request, record.seed)
    offers = with_contributions(explain_candidates(weighing, slate, snapshot, record.now), weighing, snapshot)
    offers += explain_left_out(weighing, snapshot)
    last = len(slate.places) + 1
    offers.sort(key=lambda offer: (offer.rank or last, snapshot.rows[offer.offer]))
    return _tell(record, equal, weighing.facts, offers)


def _tell(
    record: DecisionRecord, equal: bool | None, facts: Mapping[str, FactValue], offers: list[ExplainedOffer]
) -> Explanation:
    return Explanation(
        decision=record.id,
        placement=record.request.placement,
        now=record.now,
        seed=record.seed,
        catalogue=record.catalogue,
        model=record.model,
        further_models=record.further_models,
        group=record.decision.group,
        none_probability=record.none_probability,
        degraded=record.decision.degraded,
        replayed_equal=equal,
        facts=facts,
        offers=tuple(offers),
    )


def _fallback(record: DecisionRecord, catalogue: tuple[OfferId, ...]) -> list[ExplainedOffer]:
    shown = [as_recorded(offer) for offer in record.decision.offers]
    names = {offer.offer for offer in shown}
    sentence = "The placement's fallback was shown, so this offer was not weighed."
    slug = Reason.UNDECIDED.slug
    others = (offer for offer in catalogue if offer not in names)
    return shown + [ExplainedOffer(offer=offer, status="not_shown", reason=slug, sentence=sentence) for offer in others]
