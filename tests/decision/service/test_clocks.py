"""Workers whose clocks are hours apart: caps hold all the same, and nobody's time runs away."""

from pathlib import Path

import pytest

from decision.composition import compose
from decision.journal.record import DecisionRecord, decode_record
from decision.keys import JOURNAL, contacts_key, customer_subject
from decision.service.concierge import Concierge
from decision.service.made import Made, answer_of
from decision.service.question import OutcomeReport
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import START
from rules.contact import contact_record
from rules.ids import CustomerId, Instant, OfferId
from rules.instant import format_instant
from tests.decision.service.conftest import NOW, ask, publish

HOUR = 3_600_000
ANN = customer_subject(CustomerId("ann"))


async def worker(store: MemoryStore, folder: Path, hours: int = 0) -> Concierge:
    settings = Settings(data=str(folder), deadline_ms=10_000)
    service = compose(store, settings, lambda: Instant(NOW + hours * HOUR))
    await (service.refresher.refresh() if hours else publish(service))
    return service


async def live(service: Concierge) -> list[OfferId]:
    answer = await service.deciding.decide(ask(service, "call"))
    assert answer.degraded == ()
    return [shown.offer for shown in answer.offers]


async def in_bulk(service: Concierge) -> list[OfferId]:
    one = ask(service, "call")
    (made,) = await service.bulk.decide([one])
    assert isinstance(made, Made)
    return [shown.offer for shown in answer_of(one, made).offers]


async def records(store: MemoryStore) -> list[DecisionRecord]:
    found = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 100)]
    return [record for record in found if isinstance(record, DecisionRecord)]


@pytest.mark.parametrize("decide", [live, in_bulk])
async def test_what_a_clock_that_is_ahead_counted_is_counted_by_the_others(decide, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = MemoryStore(lambda: NOW / 1000)
    right, fast = await worker(store, tmp_path), await worker(store, tmp_path, 5)
    shown = [offer for each in (fast, right, fast, right) for offer in await decide(each)]
    assert len(shown) > 2
    # The workspace allows two of an offer within a day.
    assert max(shown.count(offer) for offer in shown) == 2
    assert [record.now - NOW for record in await records(store)] == [5 * HOUR] * 4
    assert [record.written - NOW for record in await records(store)] == [5 * HOUR, 0] * 2


@pytest.mark.parametrize("decide", [live, in_bulk])
async def test_a_contact_of_another_year_moves_nobody(decide, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = MemoryStore(lambda: NOW / 1000)
    right = await worker(store, tmp_path)
    wrong = contact_record(Instant(NOW + 365 * 24 * HOUR), OfferId("alba-spa"), "decision", "web", 1)
    await store.append(contacts_key(ANN), wrong)
    await decide(right)
    assert [record.now for record in await records(store)] == [NOW]


async def test_what_followed_a_decision_is_taken_though_it_was_made_for_later(tmp_path: Path) -> None:
    store = MemoryStore(lambda: NOW / 1000)
    right, fast = await worker(store, tmp_path), await worker(store, tmp_path, 5)
    await live(fast)
    answer = await right.deciding.decide(ask(right, "call"))
    report = OutcomeReport("o", answer.decision, "accept", answer.offers[0].offer, format_instant(NOW))
    assert (await right.intake.outcomes([report])).unused == ()
