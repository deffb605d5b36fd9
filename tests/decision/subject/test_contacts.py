"""Contact histories in the store."""

import asyncio
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from decision.keys import customer_subject, visitor_subject
from decision.store.memory import MemoryStore
from decision.store.port import Put, Store
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts, Seen
from decision.subject.profiles import DAY
from rules.contact import contact_record, kind_key, read_contacts
from rules.contact_reach import Look
from rules.errors import Unavailable
from rules.ids import CustomerId, Duration, Instant, OfferId, VisitorId

ANN = customer_subject(CustomerId("ann"))
VISITOR = visitor_subject(VisitorId("v"))


def contact(at: int) -> bytes:
    return contact_record(Instant(at), OfferId("a"), "impression", "web", 1)


@pytest.fixture(params=["memory", "valkey"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: RedisStore = request.getfixturevalue("valkey_store")
    return found


async def test_contacts_of_concurrent_callers_are_all_there_and_whole(store: Store) -> None:
    contacts = Contacts(store, visitor_days=1, repeat_days=1)
    await asyncio.gather(*(contacts.add(ANN, [contact(2 * n), contact(2 * n + 1)]) for n in range(50)))
    await contacts.add(VISITOR, [contact(500)])
    blobs = await contacts.load([ANN, VISITOR, customer_subject(CustomerId("nobody"))])
    assert sorted(read_contacts(blobs[0])["at"].tolist()) == list(range(100))
    assert blobs[2] == b""
    assert len(read_contacts(b"".join(blobs))) == 101
    assert await contacts.delete(ANN)
    assert not await contacts.delete(ANN)


async def test_a_contact_is_added_once_for_a_mark_by_processes_that_write_at_the_same_time(store: Store) -> None:
    processes = [Contacts(store, visitor_days=1, repeat_days=1) for _ in range(32)]
    added = await asyncio.gather(*(each.add_each(ANN, {f"m{n % 10}": contact(n)}) for n, each in enumerate(processes)))
    assert sum(added) == 10
    assert len(read_contacts((await processes[0].load([ANN]))[0])) == 10


async def test_what_one_process_adds_to_one_history_waits_for_its_turn() -> None:
    class Counting(MemoryStore):
        tries = 0

        async def compare_and_put(self, *put: Any) -> bool:
            self.tries += 1
            await asyncio.sleep(0)
            return await super().compare_and_put(*put)

    store = Counting()
    contacts = Contacts(store, visitor_days=1, repeat_days=1)
    await asyncio.gather(*(contacts.add_each(ANN, {f"m{n}": contact(n)}) for n in range(100)))
    assert store.tries == 100


async def test_of_callers_who_saw_the_same_history_one_may_add_to_it(store: Store) -> None:
    contacts = Contacts(store, visitor_days=1, repeat_days=1)
    added = await asyncio.gather(*(contacts.add_if(ANN, [contact(n)], Seen.of(b"")) for n in range(10)))
    assert sum(added) == 1
    (history,) = await contacts.load([ANN])
    assert await contacts.add_if(ANN, [contact(99)], Seen.of(history))


async def test_a_history_that_was_cut_and_grew_again_is_not_the_one_that_was_seen(store: Store) -> None:
    contacts = Contacts(store, visitor_days=1, repeat_days=1)
    await contacts.add(ANN, [contact(1), contact(2)])
    (history,) = await contacts.load([ANN])
    await contacts.delete(ANN)
    await contacts.add(ANN, [contact(1), contact(3)])
    assert not await contacts.add_if(ANN, [contact(4)], Seen.of(history))
    receipt = Put("receipt:{c:ann}:r", b"1")
    assert await contacts.add_once(ANN, [contact(4)], receipt, Seen.of(history)) is False
    assert not await contacts.add_if_missing(ANN, [contact(3)], Seen.of(history, 24 + 24))
    assert await contacts.add_if_missing(ANN, [contact(3)], Seen.of(history, 24))


async def test_long_histories_are_cut_to_the_latest_contacts(store: Store) -> None:
    contacts = Contacts(store, visitor_days=1, repeat_days=1, looks=lambda: (), keep=8)
    moments = [7, 300, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    lengths = [await contacts.add(ANN, [contact(at)]) for at in moments]
    assert all(later - earlier == 24 for earlier, later in pairwise(lengths))
    history = read_contacts((await contacts.load([ANN]))[0])
    assert history["at"].tolist() == [300, 10, 11, 12, 13, 14, 15, 16]
    assert np.array_equal(history, np.sort(history, order="at")[[7, 0, 1, 2, 3, 4, 5, 6]])


async def test_what_may_still_count_is_not_cut_off(store: Store) -> None:
    looks = [Look("click", ("web",), Duration(50))]
    contacts = Contacts(store, visitor_days=1, repeat_days=1, looks=lambda: looks, keep=8)
    kinds = ("click", "impression")
    for at in range(60):
        await contacts.add(ANN, [contact_record(Instant(at), OfferId("a"), kinds[at % 2], "web", 1)])
        history = read_contacts((await contacts.load([ANN]))[0])
        clicks = history["at"][history["kind"] == kind_key("click")].tolist()
        assert {*clicks} >= {click for click in range(0, at + 1, 2) if click > at - 50}
    assert np.count_nonzero(history["kind"] == kind_key("impression")) < 10


async def test_a_history_is_never_longer_than_four_times_what_is_kept(store: Store) -> None:
    looks = [Look("impression", ("web",), Duration(1_000))]
    contacts = Contacts(store, visitor_days=1, repeat_days=1, looks=lambda: looks, keep=40)
    lengths = [await contacts.add(ANN, [contact(at)]) // 24 for at in range(400)]
    assert 160 <= max(lengths) <= 200
    history = read_contacts((await contacts.load([ANN]))[0])
    assert history["at"].tolist() == list(range(400 - len(history), 400))


async def test_a_history_that_only_capped_decisions_write_is_cut_too(store: Store) -> None:
    contacts = Contacts(store, visitor_days=1, repeat_days=1, looks=lambda: (), keep=8)
    for at in range(100):
        (blob,) = await contacts.load([ANN])
        assert len(blob) <= 2 * 8 * 24
        assert await contacts.add_if(ANN, [contact(at)], Seen.of(blob))
    history = read_contacts((await contacts.load([ANN]))[0])
    assert history["at"].tolist() == list(range(100 - len(history), 100))


async def test_contacts_are_added_though_the_store_cuts_nothing() -> None:
    class Full(MemoryStore):
        async def compare_and_put(self, *_: object) -> bool:
            raise Unavailable("full")

    contacts = Contacts(Full(), visitor_days=1, repeat_days=1, looks=lambda: (), keep=8)
    lengths = [await contacts.add(ANN, [contact(at)]) for at in range(20)]
    assert lengths == [24 * number for number in range(1, 21)]


async def test_a_visitors_contacts_are_forgotten() -> None:
    now = [0.0]
    contacts = Contacts(MemoryStore(lambda: now[0]), visitor_days=2, repeat_days=1)
    for subject in (ANN, VISITOR):
        await contacts.add(subject, [contact(1)])
        await contacts.add_each(subject, {"m": contact(2)})
    now[0] = 2 * DAY + 1.0
    assert [len(blob) for blob in await contacts.load([ANN, VISITOR])] == [48, 0]


async def test_a_wrong_date_cuts_nothing_off_that_counts(store: Store) -> None:
    looks = [Look("click", ("web",), Duration(1_000))]
    contacts = Contacts(store, visitor_days=1, repeat_days=1, looks=lambda: looks, keep=32)
    await contacts.add(ANN, [contact_record(Instant(0), OfferId("a"), "click", "web", 1), contact(1_000_000)])
    for at in range(100):
        await contacts.add(ANN, [contact(at)])
    history = read_contacts((await contacts.load([ANN]))[0])
    assert len(history) < 100
    assert np.count_nonzero(history["kind"] == kind_key("click")) == 1
