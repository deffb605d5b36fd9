"""What is asked together travels together, and what is asked meanwhile follows together."""

import asyncio
import time
from itertools import count

import pytest

from decision.store.lane import Lane
from decision.store.port import Silent
from rules.errors import Unavailable


class Road:
    """Where batches arrive; each waits for its `gates` event before it is answered."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.errors: dict[int, Exception] = {}
        self._number = count()

    def run(self, batch: list[int]) -> asyncio.Future[list[int]]:
        return asyncio.ensure_future(self._run(batch))

    async def _run(self, batch: list[int]) -> list[int]:
        number = next(self._number)
        self.batches.append(batch)
        if number in self.gates:
            await self.gates[number].wait()
        if number in self.errors:
            raise self.errors[number]
        return [asked * 10 for asked in batch]


async def test_one_tick_is_one_batch() -> None:
    road = Road()
    lane: Lane[int, int] = Lane(road.run, flights=4, most=100)
    assert await asyncio.gather(*(lane.ask([n]) for n in (2, 4, 6))) == [[20], [40], [60]]
    assert await lane.ask([8]) == [80]
    assert road.batches == [[2, 4, 6], [8]]


async def test_what_is_asked_meanwhile_gathers_until_a_flight_is_free() -> None:
    road = Road()
    road.gates = {0: asyncio.Event(), 1: asyncio.Event()}
    lane: Lane[int, int] = Lane(road.run, flights=2, most=3)
    futures = []
    for n in range(0, 16, 2):
        futures.append(lane.ask([n]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert road.batches == [[0], [2]]
    road.gates[0].set()
    assert await asyncio.gather(*futures[2:]) == [[40], [60], [80], [100], [120], [140]]
    assert road.batches == [[0], [2], [4, 6, 8], [10, 12, 14]]
    road.gates[1].set()
    await lane.drain()
    assert futures[1].result() == [20]


async def test_each_gets_the_answers_to_what_it_asked() -> None:
    road = Road()
    lane: Lane[int, int] = Lane(road.run, flights=1, most=10)
    assert list(await asyncio.gather(lane.ask([2]), lane.ask([4, 6, 8]), lane.ask([]))) == [[20], [40, 60, 80], []]
    assert road.batches == [[2, 4, 6, 8]]


async def test_what_cannot_even_be_sent_fails_its_batch_alone() -> None:
    def refuse(batch: list[int]) -> asyncio.Future[list[int]]:
        raise TypeError(f"{batch} cannot be packed")

    lane: Lane[int, int] = Lane(refuse, flights=1, most=10)
    with pytest.raises(TypeError):
        await lane.ask([2])
    await lane.drain()


async def test_a_store_that_is_away_is_told_to_all_who_wait_and_the_next_ones_try_again() -> None:
    road = Road()
    road.gates, road.errors = {0: asyncio.Event()}, {0: Unavailable("away")}
    lane: Lane[int, int] = Lane(road.run, flights=1, most=10)
    first = lane.ask([2])
    await asyncio.sleep(0.001)
    waiting = lane.ask([4])
    road.gates[0].set()
    answers = await asyncio.gather(first, waiting, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away", "away"]
    assert await lane.ask([6]) == [60]
    assert road.batches == [[2], [6]]


async def test_a_silent_store_rests_and_then_one_flight_finds_out_for_all_whether_it_speaks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed, road = 0.0, Road()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + passed)
    road.gates = {number: asyncio.Event() for number in (0, 1, 2)}
    road.errors = {0: Silent("silent"), 1: Silent("silent")}
    lane: Lane[int, int] = Lane(road.run, flights=4, most=10, rest=60.0)
    first = lane.ask([2])
    await asyncio.sleep(0)
    road.gates[0].set()
    with pytest.raises(Silent):
        await first
    with pytest.raises(Silent):
        await lane.ask([4])
    assert road.batches == [[2]]
    for probe, speaks in ((6, False), (12, True)):
        passed += 60.0
        asked = [lane.ask([probe]), lane.ask([probe + 2])]
        await asyncio.sleep(0.001)
        asked.append(lane.ask([probe + 4]))
        await asyncio.sleep(0.001)
        assert road.batches[-1] == [probe, probe + 2]
        assert not asked[2].done()
        road.gates[len(road.batches) - 1].set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        if speaks:
            assert answers == [[120], [140], [160]]
        else:
            assert [type(answer) for answer in answers] == [Silent] * 3
            with pytest.raises(Silent):
                await lane.ask([0])
    assert road.batches == [[2], [6, 8], [12, 14], [16]]


async def test_a_bug_fails_its_batch_alone() -> None:
    road = Road()
    road.gates, road.errors = {0: asyncio.Event()}, {0: KeyError("bug")}
    lane: Lane[int, int] = Lane(road.run, flights=1, most=10)
    first = lane.ask([2])
    await asyncio.sleep(0.001)
    waiting = lane.ask([4])
    road.gates[0].set()
    with pytest.raises(KeyError):
        await first
    assert await waiting == [40]


async def test_who_gave_up_is_not_waited_for() -> None:
    road = Road()
    lane: Lane[int, int] = Lane(road.run, flights=1, most=10)
    first, second = lane.ask([2]), lane.ask([4])
    first.cancel()
    assert await second == [40]
    assert first.cancelled()
