"""A bulk passes slice by slice, and lets a crowd of single decisions go first, but not for ever."""

import asyncio
import time

from decision.service.bulk.passage import CROWD, PATIENCE, Passage


async def test_one_slice_at_a_time_and_others_in_between() -> None:
    passage, order = Passage(lambda: 0), []

    async def slices(name: str) -> None:
        for _ in range(3):
            await passage.take()
            order.append(name)

    async def another() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            order.append("another")

    await asyncio.gather(slices("a"), slices("b"), another())
    assert sorted(order) == ["a"] * 3 + ["another"] * 3 + ["b"] * 3
    assert order.index("another") < order.index("b")


async def test_a_crowd_goes_first() -> None:
    waiting = CROWD + 1
    taking = asyncio.create_task(Passage(lambda: waiting, 60.0).take())
    await asyncio.sleep(0.002)
    assert not taking.done()
    waiting = CROWD
    await taking


async def test_a_crowd_that_stays_is_not_waited_for_for_ever() -> None:
    begun = time.perf_counter()
    await Passage(lambda: CROWD + 1).take()
    assert PATIENCE <= time.perf_counter() - begun < 1.0
