"""How the work of a bulk passes through the loop that single decisions are waiting in."""

import asyncio
from collections.abc import Callable

CROWD = 4
"""When more single decisions than that are under way, the loop is behind: at hundreds a second there are one or two."""

PATIENCE = 0.02
"""Seconds that one slice of work waits for the crowd to go, so that a bulk goes on, slowly, however long it stays."""

_LOOK = 0.001


class Passage:
    """Lets through one slice of work at a time: others' replies and timers have their turn in between.

    `waiting` says how many single decisions are under way.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait until a slice of a millisecond or two may be worked on, which begins at once."""
        async with self._lock:
            await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            end = loop.time() + PATIENCE
            while self._waiting() > CROWD and loop.time() < end:
                await asyncio.sleep(_LOOK)
