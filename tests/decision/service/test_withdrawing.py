"""What was decided but not shown: nothing of it stays written down or counted."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.journal.reading import open_journal
from decision.journal.record import WithdrawalRecord, decode_record
from decision.journal.sink import Sink
from decision.keys import JOURNAL, contacts_key, customer_subject, volume_key
from decision.service.claims import Claim
from decision.service.concierge import Concierge
from decision.service.made import Made
from decision.service.volumes import settles
from decision.service.withdrawing import Withdrawal, Withdrawing
from decision.store.memory import MemoryStore
from decision.store.port import START, Hold, Refused, Settle, Store, Write
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts
from rules.contact import CONTACT
from rules.errors import NotFound, Unavailable
from rules.ids import CustomerId, DecisionId, Instant, VolumeId
from tests.decision.service.test_volumes import NOW, CountedStore, asked, decide, offers, taken, worker


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


async def test_a_worker_that_slept_over_its_holds_shows_nothing_of_what_others_took(
    tmp_path: Path, store: CountedStore
) -> None:
    sleepy, awake = await worker(tmp_path, store), await worker(tmp_path, store)
    # Before it writes, a minute passes, and somebody takes all there is.
    counter = volume_key(VolumeId("rooms"), None, "corte-family", "total")
    write = store.write

    async def overtaken(writes: Sequence[Write]) -> list[int | None]:
        store.write = write  # type: ignore[method-assign]
        store.now = Instant(store.now + 60_000)
        assert (await store.hold([Hold(counter, "another", 3, 3, None)]))[0].done
        return await write(writes)

    store.write = overtaken  # type: ignore[method-assign]
    answer = await decide(sleepy)
    assert (answer.degraded, offers(answer)) == (("store",), ["brisa-family"])
    await store.write([Settle(counter, "another", 3)])
    assert await taken(store, "corte-family") == (3, 0)
    # The other offer's units were there to be taken, but nobody saw it.
    await withdrawn(sleepy, store, answer.decision)
    assert await taken(store, "alba-family") == (0, 0)
    assert "corte-family" not in offers(await decide(awake))


async def test_what_was_written_down_without_anybody_hearing_of_it_is_taken_back(
    tmp_path: Path, store: CountedStore
) -> None:
    service = await worker(tmp_path, store, contact_policy=True)
    await decide(service, "ann")
    before = await store.get_many([contacts_key(customer_subject(CustomerId("ann")))])
    write = store.write

    async def deaf(writes: Sequence[Write]) -> list[int | None]:
        store.write = away  # type: ignore[assignment, method-assign]
        await write(writes)
        raise Unavailable("the connection was lost")

    async def away(_: Sequence[Write]) -> list[int | None]:
        store.write = write  # type: ignore[method-assign]
        raise Unavailable("still away")

    store.write = deaf  # type: ignore[method-assign]
    answer = await decide(service, "ann")
    assert (answer.degraded, offers(answer)) == (("store",), ["brisa-family"])
    assert await taken(store, "corte-family") == (2, 0)
    unseen = await withdrawn(service, store, answer.decision)
    assert [await taken(store, offer) for offer in ("corte-family", "alba-family")] == [(1, 0)] * 2
    assert await store.get_many([contacts_key(customer_subject(CustomerId("ann")))]) == before
    with pytest.raises(NotFound):
        await service.explaining.explain(unseen)
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    with open_journal(tmp_path) as rows:
        decisions = rows.execute("SELECT id FROM journal WHERE record = 'decision'").fetchall()
    assert len(decisions) == 1
    assert (unseen,) not in decisions


@pytest.mark.parametrize("refused", [False, True])
async def test_a_slate_whose_contacts_may_have_been_counted_is_taken_back_unless_the_store_refused_it(
    tmp_path: Path, store: CountedStore, refused: bool
) -> None:
    service = await worker(tmp_path, store, "", contact_policy=True)
    await decide(service, "ann")
    key = contacts_key(customer_subject(CustomerId("ann")))
    before, append = await store.get_many([key]), store.append_with

    async def lost(*arguments: object) -> int | None:
        store.append_with = append  # type: ignore[method-assign]
        if refused:
            raise Refused("out of memory")
        await append(*arguments)  # type: ignore[arg-type]
        raise Unavailable("the connection was lost")

    store.append_with = lost  # type: ignore[assignment, method-assign]
    answer = await decide(service, "ann")
    assert answer.degraded == ("store",)
    if not refused:
        await withdrawn(service, store, answer.decision)
    await service.deciding.finish()
    assert await store.get_many([key]) == before
    assert len(await store.read_log(JOURNAL, START, 10)) == (1 if refused else 3)
    assert (await decide(service, "ann")).degraded == ()


async def test_a_line_of_a_bulk_whose_hold_was_over_leaves_nothing_behind(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store, contact_policy=True)
    write = store.write

    async def late(writes: Sequence[Write]) -> list[int | None]:
        ends = [each for each in writes if isinstance(each, Settle) and "corte-family" in each.key]
        for over in ends:
            store.write = write  # type: ignore[method-assign]
            await write([Settle(over.key, over.holder, 0)])
        return await write(writes)

    store.write = late  # type: ignore[method-assign]
    (made,) = await service.bulk.decide([asked(service, "ann")])
    assert isinstance(made, Made)
    assert made.decision.degraded == ("store",)
    await withdrawn(service, store, made.draw.id)
    assert [await taken(store, offer) for offer in ("corte-family", "alba-family")] == [(0, 0)] * 2
    assert await store.get_many([contacts_key(customer_subject(CustomerId("ann")))]) == [None]


async def test_to_withdraw_once_more_gives_nothing_back_twice(valkey_store: RedisStore) -> None:
    for twin in (MemoryStore(), valkey_store):
        await withdraw_twice(twin)


async def withdraw_twice(twin: Store) -> None:
    claim = Claim(0, "volume:{rooms}:2026-04-01", 2, 9, 1_000)
    history, contacts = contacts_key(customer_subject(CustomerId("ann"))), Contacts(twin, 1, 1)
    ours, theirs = [record.ljust(CONTACT.itemsize, b"-") for record in (b"ours", b"theirs")]
    await twin.append(history, theirs + ours)
    await twin.hold([Hold(claim.counter, holder, 2, 9, None, 1_000) for holder in ("ann", "ben", "late")])
    await twin.write(settles("ann", [claim]) + settles("ben", [claim]))

    def withdrawal(id: str) -> Withdrawal:
        record = WithdrawalRecord(DecisionId(id), NOW, "", CustomerId("ann"))
        return Withdrawal(record, customer_subject(CustomerId("ann")), (ours,), (claim,))

    for _ in range(2):
        await Withdrawing(twin, contacts).withdraw(withdrawal("ann"))
        assert await twin.count([claim.counter]) == [(2, 2)]
        assert await twin.get_many([history]) == [theirs]
    # What was only held is let go, and can be taken no more.
    await Withdrawing(twin, contacts).withdraw(withdrawal("late"))
    assert await twin.write(settles("late", [claim])) == [0]
    assert await twin.count([claim.counter]) == [(2, 0)]


async def withdrawn(service: Concierge, store: CountedStore, shown: DecisionId) -> DecisionId:
    """The one decision that is withdrawn in the end, which is not what was shown."""
    await asyncio.gather(service.deciding.finish(), service.bulk.finish())
    entries = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 100)]
    (found,) = {record.id for record in entries if isinstance(record, WithdrawalRecord)}
    assert found != shown
    return found
