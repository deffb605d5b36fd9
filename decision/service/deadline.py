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
    """One wait of a deadline, measured slice by slice: one timer, and the task is cancelled when it runs out."""

    def __init__(self, deadline: Deadline, limit: float) -> None:
        self._deadline = deadline
        self._limit = limit
        self._spent = 0.0
        self._over = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._loop = task.get_loop()
        self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._deadline.left -= self._spent + min(self._loop.time() - self._begun, SLICE)
        # Whoever else cancels the task meanwhile is heard.
        if self._over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _begin(self) -> None:
        self._begun = self._loop.time()
        self._timer = self._loop.call_later(min(SLICE, self._limit - self._spent), self._end)

    def _end(self) -> None:
        # However late this is, it was one slice: what arrived meanwhile is read before the next one ends.
        self._spent += SLICE
        if self._spent < self._limit:
            self._begin()
        else:
            self._begun = self._loop.time()
            self._over = True
            self._task.cancel()
