"""Examples of a simulation: decisions that come out otherwise, told from both sides."""

from collections.abc import Sequence

from decision.engine.candidate_explanation import explain_candidates, explain_left_out
from decision.engine.explained_offer import ExplainedOffer
from decision.journal.record import DecisionRecord, decode_record
from rules.errors import ConciergeError
from rules.ids import OfferId
from training.simulation.cause import Cause
from training.simulation.side import Side, Weighed
from training.simulation.simulation import Example
from training.simulation.tally import Lead, Tally

EXAMPLES = 20


def choose(tally: Tally) -> list[Lead]:
    """Leads for the examples, in turns from each cause, the most frequent first, and none of a person told already."""
    often: dict[Cause, int] = {}
    for (_, _, cause), number in tally.causes.items():
        often[cause] = often.get(cause, 0) + number
    queues: dict[Cause, list[Lead]] = {}
    for lead in sorted(tally.leads, key=lambda lead: lead.draw):
        queues.setdefault(lead.cause, []).append(lead)
    turns = sorted(queues, key=lambda cause: (-often.get(cause, 0), cause))
    chosen: list[Lead] = []
    told: set[str] = set()
    while len(chosen) < EXAMPLES and any(queues.values()):
        for cause in turns:
            left = [lead for lead in queues[cause] if lead.person not in told]
            queues[cause] = left[1:]
            if left and len(chosen) < EXAMPLES:
                chosen.append(left[0])
                told.add(left[0].person)
    return chosen


def tell(lead: Lead, sides: Sequence[Side]) -> Example:
    """An example with both sides' explanations of every offer that either of them shows."""
    record = decode_record(lead.entry)
    if not isinstance(record, DecisionRecord):
        raise ConciergeError("An example is no decision; run the simulation again.")
    weighed = [
        side.weigh(record, contacts) if record.request.placement in side.snapshot.placements else None
        for side, contacts in zip(sides, (lead.present, lead.changed), strict=True)
    ]
    named = dict.fromkeys(offer for one in weighed if one is not None for offer in one.shown)
    before, after = (() if one is None else _explained(one, record, named) for one in weighed)
    return Example(
        record.id,
        record.customer,
        record.visitor,
        record.request.placement,
        record.now,
        lead.cause,
        before,
        after,
    )


def _explained(one: Weighed, record: DecisionRecord, named: dict[OfferId, None]) -> tuple[ExplainedOffer, ...]:
    told = explain_candidates(one.weighing, one.slate, one.snapshot, record.now)
    told += explain_left_out(one.weighing, one.snapshot)
    last = len(one.slate.places) + 1
    mine = [offer for offer in told if offer.offer in named]
    return tuple(sorted(mine, key=lambda offer: (offer.rank or last, offer.offer)))
