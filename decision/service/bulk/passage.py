"""How the work of a bulk passes through the loop that single decisions are waiting in."""

import asyncio
from collections.abc import Callable

CROWD = 4
"""When more single decisions than that are under way, the loop is behind: at hundreds a second there are one or two."""

PATIENCE = 0.02
"""Seconds that one slice of work waits for the crowd to go, so that a bulk goes on, slowly, however long it stays."""

BATCH_PATIENCE = 0.25
"""The same for a whole batch, which is decided elsewhere, but by the same cores and over the same store."""

_LOOK = 0.001


class Passage:
    """Lets through one slice of work at a time: others' replies and timers have their turn in between.

    `waiting` says how many single decisions are under way. Each slice waits for up to `patience` seconds.
    """

    def __init__(self, waiting: Callable[[], int], patience: float = PATIENCE) -> None:
        self._waiting = waiting
        self._patience = patience
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait until a slice may begin, which it does at once: a millisecond of the loop, or a batch elsewhere."""
        async with self._lock:
            await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            end = loop.time() + self._patience
            while self._waiting() > CROWD and loop.time() < end:
                await asyncio.sleep(_LOOK)
