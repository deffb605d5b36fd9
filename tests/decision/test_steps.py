"""Long work in steps lets others have their turns, and most of the time."""

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise

from decision.steps import REST, step_by_step

STEP = 0.01


async def test_the_last_step_says_what_came_of_it() -> None:
    assert await step_by_step([None, None, 7]) == 7
    nothing: list[int] = []
    assert await step_by_step(nothing) is None


async def test_others_have_most_of_the_time() -> None:
    begun = time.perf_counter()
    ends: list[float] = []

    def steps() -> Iterator[None]:
        for _ in range(5):
            time.sleep(STEP)
            ends.append(time.perf_counter())
            yield None

    turns: list[float] = []

    async def other() -> None:
        while True:
            await asyncio.sleep(STEP / 10)
            turns.append(time.perf_counter())

    beside = asyncio.create_task(other())
    await step_by_step(steps())
    beside.cancel()
    assert time.perf_counter() - begun >= 5 * STEP * (1 + REST) * 0.9
    for end, after in pairwise(ends):
        assert [turn for turn in turns if end < turn < after], "somebody had a turn between two steps"
