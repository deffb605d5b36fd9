"""Named lines that are sent again, at once or later, by whatever way: one decision, and the units of one."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.clock import wall_clock
from decision.composition import compose
from decision.keys import customer_subject, visitor_subject
from decision.service.admission import Ask, admit
from decision.service.bulk.line import KeptAnswer
from decision.service.concierge import Concierge
from decision.service.made import Made
from decision.service.question import DecisionQuestion
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Held, Hold, Settle, Write
from decision.store.redis import RedisStore
from rules.errors import Conflict, Unavailable
from rules.ids import CustomerId, DecisionId, Instant, PlacementId, VisitorId
from tests.decision.service.conftest import journal
from tests.decision.service.test_volumes import FAMILIES, NOW, CountedStore, asked, decide, offers, publish, worker

ONE = FAMILIES.replace("at_most = 3", "at_most = 1")
FIVE = FAMILIES.replace("at_most = 3", "at_most = 5")
ANN, BEN, VISITOR = CustomerId("ann"), CustomerId("ben"), VisitorId("v")


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.SECONDS", 0.1)


async def send(service: Concierge, *customers: str) -> list[object]:
    """The answers to a line for each customer, named like it."""
    return list(await service.bulk.decide([asked(service, name) for name in customers], customers))


def shown(answer: object) -> tuple[str, list[str]]:
    """The decision and its offers, made now or kept."""
    if isinstance(answer, KeptAnswer):
        return answer.id, [offer["offer"] for offer in json.loads(answer.answer)["offers"]]
    assert isinstance(answer, Made), answer
    return answer.draw.id, [offer.offer for offer in answer.decision.offers]


async def units(store: MemoryStore | RedisStore) -> dict[str, tuple[int, int]]:
    """What is taken and held of each offer that is limited."""
    names = [f"{offer}-family" for offer in ("alba", "brisa", "corte")]
    counted = await store.count([f"volume:{{rooms//{name}}}:total" for name in names])
    return {name: count for name, count in zip(names, counted, strict=True) if count != (0, 0)}


async def journalled(store: MemoryStore) -> set[DecisionId]:
    return {record.id for record in await journal(store)}  # type: ignore[arg-type]


async def test_what_was_not_written_down_is_not_answered_either_when_it_is_sent_again(
    tmp_path: Path, store: CountedStore, impatient: None
) -> None:
    service = await worker(tmp_path, store, ONE)
    store.writing = False
    for _ in range(2):
        [answer] = await send(service, "ann")
        assert isinstance(answer, Made)
        assert (answer.decision.degraded, shown(answer)[1]) == (("store",), ["brisa-family"])
    store.writing = True
    # What was held for it is over; another guest gets it, and from then on it cannot be finished.
    store.now = Instant(store.now + 61_000)
    assert "corte-family" in offers(await decide(service, "ben"))
    [refused] = await send(service, "ann")
    assert isinstance(refused, Conflict)
    assert await units(store) == {"alba-family": (1, 0), "corte-family": (1, 0)}


async def test_what_was_not_written_down_is_finished_while_its_units_are_to_be_had(
    tmp_path: Path, store: CountedStore, impatient: None
) -> None:
    service = await worker(tmp_path, store, FIVE)
    store.writing = False
    await send(service, "ann")
    store.writing = True
    store.now = Instant(store.now + 61_000)
    await decide(service, "ben")
    for _ in range(3):
        [answer] = await send(service, "ann")
        assert isinstance(answer, KeptAnswer)
        assert shown(answer)[1] == ["corte-family", "alba-family"]
        assert await units(store) == {"alba-family": (2, 0), "corte-family": (2, 0)}
        store.now = Instant(store.now + 3_600_000)
    assert len(await journalled(store)) == 2


async def test_what_takes_no_units_says_so_when_it_was_not_written_down(
    tmp_path: Path, store: CountedStore, impatient: None
) -> None:
    service = await worker(tmp_path, store, "")
    [first] = await send(service, "ann")
    store.writing = False
    [again] = await send(service, "ann")
    assert isinstance(again, KeptAnswer)
    assert shown(again) == shown(first)
    assert json.loads(again.answer)["degraded"] == ["journal"]


class Meeting(CountedStore):
    """The first that takes units meets another process, which has come to a `step` of its own with the same lines."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step
        self.other: asyncio.Task[list[object]] | None = None
        self.there = asyncio.Event()
        self.written = asyncio.Event()
        self.sender: Concierge | None = None

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        await self._come_to("hold")
        held = await super().hold(holds)
        await self._come_to("held")
        return held

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        if self.other is None and any(isinstance(write, Settle) for write in writes):
            assert self.sender is not None
            self.other = asyncio.create_task(send(self.sender, "ann", "ben"))
            there = asyncio.create_task(self.there.wait())
            await asyncio.wait((there, self.other), return_when=asyncio.FIRST_COMPLETED)
            there.cancel()
            given = await super().write(writes)
            self.written.set()
            return given
        return await super().write(writes)

    async def _come_to(self, step: str) -> None:
        if step == self.step and asyncio.current_task() is self.other:
            self.there.set()
            await self.written.wait()


@pytest.mark.parametrize("limits", [FAMILIES, FAMILIES.replace("at_most = 3", "at_most = 2")])
@pytest.mark.parametrize("step", ["hold", "held", "nothing more"])
async def test_two_processes_with_the_same_lines_take_the_units_of_one(tmp_path: Path, step: str, limits: str) -> None:
    store = Meeting(step)
    one, other = await worker(tmp_path, store, limits), await worker(tmp_path, store, limits)
    store.sender = other
    first = await send(one, "ann", "ben")
    assert store.other is not None
    second = await store.other
    third = await send(other, "ann", "ben")
    assert [*map(shown, first)] == [*map(shown, second)] == [*map(shown, third)]
    assert await units(store) == {"alba-family": (2, 0), "corte-family": (2, 0)}
    assert len(await journalled(store)) == 2


@pytest.mark.parametrize("contact_policy", [False, True])
async def test_equal_lines_of_a_batch_are_one_question(
    tmp_path: Path, store: CountedStore, contact_policy: bool
) -> None:
    service = await worker(tmp_path, store, FIVE, contact_policy)
    answers = await send(service, "ann", "ben", "ann", "ann")
    assert shown(answers[0]) == shown(answers[2]) == shown(answers[3])
    assert shown(answers[0])[1] == ["corte-family", "alba-family"]
    assert await units(store) == {"alba-family": (2, 0), "corte-family": (2, 0)}
    assert len(await journalled(store)) == 2
    again = await send(service, "ann", "ann", "ben")
    assert [*map(shown, again)] == [shown(answers[0])] * 2 + [shown(answers[1])]
    assert await units(store) == {"alba-family": (2, 0), "corte-family": (2, 0)}


def by_visitor(service: Concierge) -> Ask:
    question = DecisionQuestion(PlacementId("call"), visitor=VISITOR)
    return admit(question, service.refresher.snapshot, service.clock())


LINKS: list[tuple[CustomerId | None, CustomerId | None]] = [(ANN, None), (ANN, BEN), (None, ANN)]


async def link(service: Concierge, customer: CustomerId | None) -> None:
    identities = service.intake._identities
    await identities.unlink(VISITOR, NOW)
    if customer is not None:
        await identities.link(VISITOR, customer, "login", NOW)


@pytest.mark.parametrize("contact_policy", [False, True])
@pytest.mark.parametrize(("before", "after"), LINKS)
async def test_who_a_visitor_is_makes_no_difference_to_what_was_answered(
    tmp_path: Path, store: CountedStore, before: CustomerId | None, after: CustomerId | None, contact_policy: bool
) -> None:
    service = await worker(tmp_path, store, FIVE, contact_policy)
    await link(service, before)
    [first] = await service.bulk.decide([by_visitor(service)], ["n"])
    await link(service, after)
    [again] = await service.bulk.decide([by_visitor(service)], ["n"])
    assert shown(again) == shown(first)
    assert len(await journalled(store)) == 1
    assert await units(store) == {"alba-family": (1, 0), "corte-family": (1, 0)}
    people = [customer_subject(ANN), customer_subject(BEN), visitor_subject(VISITOR)]
    assert sum(map(len, await service.intake._contacts.load(people))) > 0


@pytest.mark.parametrize(("before", "after"), [(ANN, None), (ANN, BEN)])
async def test_a_visitor_who_is_somebody_else_in_the_middle_is_decided_once(
    tmp_path: Path, store: CountedStore, before: CustomerId, after: CustomerId | None
) -> None:
    """While one process is between two steps, another one decides about the visitor as who it is now."""
    one, other = await worker(tmp_path, store, FIVE, True), await worker(tmp_path, store, FIVE, True)
    await link(one, before)
    put, between = store.put_if_absent, []

    async def late(key: str, value: bytes, ttl: int | None = None) -> bool:
        store.put_if_absent = put  # type: ignore[method-assign]
        await link(other, after)
        between.extend(await other.bulk.decide([by_visitor(other)], ["n"]))
        return await put(key, value, ttl)

    store.put_if_absent = late  # type: ignore[method-assign]
    [answer] = await one.bulk.decide([by_visitor(one)], ["n"])
    assert len(between) == 1
    assert shown(answer) == shown(between[0])
    assert len(await journalled(store)) == 1
    assert await units(store) == {"alba-family": (1, 0), "corte-family": (1, 0)}


async def test_a_line_that_was_begun_for_the_customer_is_finished(
    tmp_path: Path, store: CountedStore, impatient: None
) -> None:
    service = await worker(tmp_path, store, FIVE, True)
    await link(service, ANN)
    put = store.put_if_absent

    async def away(key: str, value: bytes, ttl: int | None = None) -> bool:
        raise Unavailable("the connection was lost")

    store.put_if_absent = away  # type: ignore[method-assign]
    [lost] = await service.bulk.decide([by_visitor(service)], ["n"])
    assert isinstance(lost, Made)
    assert lost.decision.degraded == ("store",)
    store.put_if_absent = put  # type: ignore[method-assign]
    [first] = await service.bulk.decide([by_visitor(service)], ["n"])
    assert isinstance(first, KeptAnswer)
    await link(service, None)
    [again] = await service.bulk.decide([by_visitor(service)], ["n"])
    assert shown(again) == shown(first)
    assert await journalled(store) == {first.id}


@pytest.mark.parametrize("kind", ["server", "cluster"])
async def test_three_workers_that_get_the_same_lines_take_the_units_of_one(
    tmp_path: Path, valkey_url: str, cluster_server: str, cluster_store: RedisStore, kind: str
) -> None:
    cluster = kind == "cluster"
    stores = [RedisStore.connect(cluster_server if cluster else valkey_url, cluster) for _ in range(3)]
    settings = Settings(data=str(tmp_path), deadline_ms=10_000)
    services = [compose(store, settings, wall_clock) for store in stores]
    await publish(services[0], FAMILIES.replace("at_most = 3", "at_most = 500"))
    for service in services:
        await service.refresher.refresh()

    async def later(service: Concierge, milliseconds: float, names: Sequence[str]) -> list[object]:
        await asyncio.sleep(milliseconds / 1000)
        return await send(service, *names)

    taken: Counter[str] = Counter()
    for turn in range(10):
        names = [f"{turn} {number}" for number in range(8)]
        delays = (0, turn % 6, 2 * (turn % 5))
        three = await asyncio.gather(
            *(later(service, delay, names) for service, delay in zip(services, delays, strict=True))
        )
        for answers in zip(*three, strict=True):
            one, *others = map(shown, answers)
            assert others == [one, one]
            taken.update(one[1])
    assert await units(stores[0]) == {offer: (count, 0) for offer, count in taken.items() if "family" in offer}
    for store in stores:
        await store.close()
