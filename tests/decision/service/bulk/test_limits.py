"""Batches keep to volume limits: line after line what is there is given away, and never more."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.engine.replaying import replay, same_decision
from decision.keys import SubjectId
from decision.service.concierge import Concierge
from decision.service.made import Made
from decision.store.port import Write
from decision.subject.contacts import Seen
from rules.errors import Unavailable
from rules.ids import Instant
from tests.decision.service.conftest import journal
from tests.decision.service.test_volumes import CountedStore, asked, decide, taken, worker


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


async def batch(service: Concierge, size: int, first: int = 0, dry: bool = False) -> list[Made]:
    decided = await service.bulk.decide([asked(service, f"guest-{first + n}", dry=dry) for n in range(size)])
    made = [one for one in decided if isinstance(one, Made)]
    assert len(made) == size
    return made


def families(decided: Sequence[Made]) -> dict[str, int]:
    shown = Counter(shown.offer for made in decided for shown in made.decision.offers)
    return {offer: times for offer, times in shown.items() if offer.endswith("-family")}


async def test_a_batch_gives_away_what_there_is_in_two_rounds(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    decided = await batch(service, 60)
    assert families(decided) == {"alba-family": 3, "brisa-family": 3, "corte-family": 3}
    assert [await taken(store, offer) for offer in families(decided)] == [(3, 0)] * 3
    assert not [made for made in decided if made.decision.degraded or len(made.decision.offers) != 2]
    # The first lines of the batch come first, and others are asked for once more.
    assert store.holds == 2
    assert {shown.offer for made in decided[:3] for shown in made.decision.offers} == {"corte-family", "alba-family"}
    records = await journal(store)  # type: ignore[arg-type]
    snapshot = service.refresher.snapshot
    assert snapshot is not None
    assert all(same_decision(replay(record, snapshot), record.decision) for record in records)
    assert len(records) == 60


async def test_batches_and_single_decisions_take_together_no_more_than_there_is(
    tmp_path: Path, store: CountedStore
) -> None:
    services = [await worker(tmp_path, store) for _ in range(2)]
    batches, alone = await asyncio.gather(
        asyncio.gather(*(batch(services[n % 2], 15, 15 * n) for n in range(4))),
        asyncio.gather(*(decide(services[n % 2], f"caller-{n}") for n in range(20))),
    )
    shown = Counter(families([made for decided in batches for made in decided]))
    shown.update(each.offer for answer in alone for each in answer.offers if each.offer.endswith("-family"))
    assert shown == {"alba-family": 3, "brisa-family": 3, "corte-family": 3}
    assert [await taken(store, offer) for offer in shown] == [(3, 0)] * 3


async def test_who_cannot_reserve_the_contact_gives_the_units_back(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store, contact_policy=True)
    contacts, conflicts = service.bulk._reserving._contacts, 3
    reserve = contacts.add_all_if

    async def contended(additions: Sequence[tuple[SubjectId, Sequence[bytes], Seen]]) -> list[bool]:
        nonlocal conflicts
        refused, others = additions[:conflicts], additions[conflicts:]
        conflicts -= len(refused)
        return [False] * len(refused) + await reserve(others)

    contacts.add_all_if = contended  # type: ignore[method-assign]
    decided = await batch(service, 2)
    assert families(decided) == {"alba-family": 2, "corte-family": 2}
    assert [await taken(store, offer) for offer in families(decided)] == [(2, 0)] * 2
    assert all(made.reserved for made in decided)


async def test_while_nothing_can_be_held_what_is_limited_is_left_out(
    tmp_path: Path, store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.SECONDS", 0.1)
    service = await worker(tmp_path, store)
    store.holding = False
    decided = await batch(service, 3)
    assert [(made.decision.degraded, len(made.decision.offers)) for made in decided] == [(("volume",), 2)] * 3
    assert families(decided) == {}


async def test_slates_that_may_not_have_been_written_down_are_not_shown(
    tmp_path: Path, store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.SECONDS", 0.1)
    service = await worker(tmp_path, store)
    store.writing = False
    decided = await batch(service, 4)
    store.writing = True
    slates = [(made.decision.degraded, [shown.offer for shown in made.decision.offers]) for made in decided]
    # The last one found nothing to hold, and so it may be true.
    assert slates[:3] == [(("store",), ["brisa-family"])] * 3
    assert await taken(store, "corte-family") == (0, 3)
    store.now = Instant(store.now + 60_000)
    assert families(await batch(service, 3)) == {"alba-family": 3, "corte-family": 3}


async def test_units_are_taken_once_when_the_acknowledgement_was_lost(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    write = store.write

    async def deaf(writes: Sequence[Write]) -> list[int | None]:
        store.write = write  # type: ignore[method-assign]
        await write(writes)
        raise Unavailable("the connection was lost")

    store.write = deaf  # type: ignore[method-assign]
    decided = await batch(service, 2)
    assert families(decided) == {"alba-family": 2, "corte-family": 2}
    assert not [made for made in decided if made.decision.degraded]
    assert await taken(store, "corte-family") == (2, 0)


async def test_a_dry_batch_touches_nothing(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    await batch(service, 3)
    other = await worker(tmp_path, store)
    before = dict(store._values)
    decided = await batch(other, 3, dry=True)
    assert families(decided) == {"brisa-family": 3}
    assert dict(store._values) == before
    assert await taken(store, "brisa-family") == (0, 0)
