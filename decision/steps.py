"""Long work in small steps, so that whoever else the same loop serves is hardly held up."""

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import TypeVar

REST = 3.0
"""A step is followed by a pause this many times as long as it took: such work takes a quarter of the loop at most."""

T = TypeVar("T")


async def step_by_step(steps: Iterable[T]) -> T | None:
    """Go through the steps, resting after each; returns what the last one gave, None where there was none."""
    given = None
    begun = perf_counter()
    for given in steps:  # noqa: B007
        await asyncio.sleep(REST * (perf_counter() - begun))
        begun = perf_counter()
    return given
