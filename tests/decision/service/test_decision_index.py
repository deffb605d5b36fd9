"""Decisions by id, for their outcomes; and the ids themselves."""

import random

from hypothesis import given
from hypothesis import strategies as st

from decision.decision_id import decision_time, new_decision_id
from decision.service.decision_index import DecisionIndex, IndexedDecision
from decision.store.memory import MemoryStore
from decision.subject.profiles import DAY
from rules.ids import CustomerId, DecisionId, Instant, OfferId, PlacementId

ENTRY = IndexedDecision(PlacementId("home"), "web", Instant(7), CustomerId("ann"), None, (OfferId("a"), OfferId("b")))


async def test_decisions_are_found_while_outcomes_are_taken() -> None:
    now = [0.0]
    index = DecisionIndex(MemoryStore(lambda: now[0]), outcome_days=90)
    await index.put(DecisionId("d1"), ENTRY)
    assert await index.find([DecisionId("d2"), DecisionId("d1")]) == [None, ENTRY]
    now[0] = 90 * DAY + 1.0
    assert await index.find([DecisionId("d1")]) == [None]


@given(st.integers(0, 2**47), st.integers(0, 2**47), st.integers())
def test_ids_hold_their_time_and_sort_by_it(one: int, other: int, seed: int) -> None:
    drawn = random.Random(seed).getrandbits
    first, second = new_decision_id(Instant(one), drawn), new_decision_id(Instant(other), drawn)
    assert len(first) == 32
    assert decision_time(first) == one
    assert first != second
    assert (first < second) == (one < other) or one == other


def test_ids_of_other_systems_hold_no_time() -> None:
    for id in ("", "campaign-7", "A" * 32, "g" * 32, "0" * 31):
        assert decision_time(DecisionId(id)) is None
