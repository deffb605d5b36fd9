"""Rounds: looking again and again for as long as a process serves, at the price of a small share of one core."""

import asyncio
from collections.abc import Awaitable, Callable

from decision.logs import log

SHARE = 20.0
"""A look pauses for at least this many times the time it took, so that it takes a twentieth of one core at most."""


async def look_again(
    look: Callable[[], Awaitable[object]], stopping: asyncio.Event, failure: str, first: float, least: float
) -> None:
    """Look after `first` seconds, and after pauses of at least `least`, until told to stop.

    Trouble is logged under the name `failure`, and the next look tries again.
    """
    loop = asyncio.get_running_loop()
    pause = first
    while not stopping.is_set():
        try:
            async with asyncio.timeout(pause):
                await stopping.wait()
        except TimeoutError:
            begun = loop.time()
            try:
                await look()
            except Exception as error:
                log.error(failure, exc_info=error)
            pause = max(least, SHARE * (loop.time() - begun))
