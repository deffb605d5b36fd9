"""What a benched decision is about: its candidates, rules' survivors and contacts, as explanations tell."""

from collections.abc import Sequence

import msgspec

from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Series
from loadtest.bench.hotel_service import HotelService
from loadtest.messages import Question

LEAST_CANDIDATES = 1000
"""Offers that rules and contact policy are held against, at least."""
LEAST_WITH_CONTACTS = 0.5
"""The share of customers who must have been shown something before."""

_EXPLAINED = 25


class _Offer(msgspec.Struct, frozen=True):
    score: float | None


class _Explanation(msgspec.Struct, frozen=True):
    facts: dict[str, object]
    offers: tuple[_Offer, ...]
    replayed_equal: bool | None


async def check_case(service: HotelService, questions: Sequence[Question]) -> dict[str, Series]:
    """Figures of some decisions; raises `Mismatch` when they are lighter work than the bench says."""
    explained = []
    for question in questions[:_EXPLAINED]:
        slate, _ = await service.client.decide(question)
        body = await service.client.get(f"/v1/decisions/{slate.decision}")
        explained.append(msgspec.json.decode(body, type=_Explanation))
    if not all(one.replayed_equal for one in explained):
        raise Mismatch("a decision does not come out the same when it is made again from the journal")
    candidates = [float(len(one.offers)) for one in explained]
    scored = [float(sum(offer.score is not None for offer in one.offers)) for one in explained]
    contacts = [float(str(one.facts["contacts.shown"])) for one in explained]
    known = sum(count > 0 for count in contacts) / len(contacts)
    if min(candidates) < LEAST_CANDIDATES or known < LEAST_WITH_CONTACTS:
        raise Mismatch(f"{min(candidates):.0f} candidates, and only {known:.0%} of the customers have contacts")
    return {
        "candidates": Series.of(candidates),
        "candidates that rules and contact policy left": Series.of(scored),
        "contacts of the customer in two weeks": Series.of(contacts),
    }
