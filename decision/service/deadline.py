"""A deadline for what others take: our own work may hold up the loop, and that is not the store's fault."""

import asyncio
from types import TracebackType

SLICE = 0.01
"""Seconds that a hold-up of the loop counts at most: a reply that has arrived cannot be read meanwhile."""


class Deadline:
    """How long one call may wait for others, over all its waits; only the time inside `waiting` is counted.

    However little is left, a wait may last one slice, so that what it asks for is at least sent.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def waiting(self, keep: float = 0.0) -> "Wait":
        """A context to wait in until only `keep` seconds are left; it raises `TimeoutError` then."""
        return Wait(self, max(self.left - keep, SLICE))

    async def pause(self, seconds: float) -> None:
        """Sleep; that counts too."""
        await asyncio.sleep(seconds)
        self.left -= seconds


class Wait:
    """One wait of a deadline, measured slice by slice."""

    def __init__(self, deadline: Deadline, limit: float) -> None:
        self._deadline = deadline
        self._limit = limit
        self._spent = 0.0
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._deadline.left -= self._spent + min(self._loop.time() - self._begun, SLICE)
        await self._timeout.__aexit__(kind, error, trace)

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._timer = self._loop.call_at(self._begun + min(SLICE, self._limit - self._spent), self._end)

    def _end(self) -> None:
        # However late this is, it was one slice: what arrived meanwhile is read before the next one ends.
        self._spent += SLICE
        if self._spent < self._limit:
            self._begin()
        else:
            self._begun = self._loop.time()
            self._timeout.reschedule(self._begun)
