"""A deadline for what others take: our own work may hold up the loop, and that is not the store's fault."""

import asyncio
from types import TracebackType

SLICE = 0.01
"""Seconds that a hold-up of the loop counts at most: a reply that has arrived cannot be read meanwhile."""


class Pulse:
    """Beats once a slice while anybody waits: one timer for all waits, because nearly all end before it matters.

    However late a beat is, it counts as one slice: what arrived meanwhile is read before the next one.
    """

    def __init__(self) -> None:
        self._waits: set[Wait] = set()
        self._beating = False

    def join(self, wait: "Wait", loop: asyncio.AbstractEventLoop) -> None:
        """Tell a wait of every beat from now on."""
        self._waits.add(wait)
        if not self._beating:
            self._beating = True
            loop.call_later(SLICE, self._beat, loop)

    def leave(self, wait: "Wait") -> None:
        """No longer."""
        self._waits.discard(wait)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beating = bool(self._waits)
        if self._beating:
            loop.call_later(SLICE, self._beat, loop)
            for wait in tuple(self._waits):
                wait.beat()


class Deadline:
    """How long one call may wait for others, over all its waits; only the time inside `waiting` is counted.

    However little is left, a wait may last one slice, so that what it asks for is at least sent. Deadlines of one loop
    may share their `pulse`.
    """

    def __init__(self, seconds: float, pulse: Pulse | None = None) -> None:
        self.left = seconds
        self.pulse = pulse or Pulse()

    def waiting(self, keep: float = 0.0) -> "Wait":
        """A context to wait in until only `keep` seconds are left; it raises `TimeoutError` then."""
        return Wait(self, max(self.left - keep, SLICE))

    async def pause(self, seconds: float) -> None:
        """Sleep; that counts too."""
        await asyncio.sleep(seconds)
        self.left -= seconds


class Wait:
    """One wait of a deadline; its task is cancelled when it has lasted too long."""

    def __init__(self, deadline: Deadline, limit: float) -> None:
        self._deadline = deadline
        self._limit = limit
        self._spent = 0.0
        self._end: asyncio.TimerHandle | None = None
        self._over = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._loop = task.get_loop()
        self._since = self._loop.time()
        self._deadline.pulse.join(self, self._loop)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.pulse.leave(self)
        self._count()
        self._deadline.left -= self._spent
        if self._end is not None:
            self._end.cancel()
        # Whoever else cancels the task meanwhile is heard.
        if self._over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def beat(self) -> None:
        """One slice more has passed; when the limit lies within the next one, that gets a timer of its own."""
        self._count()
        left = self._limit - self._spent
        if self._end is None and left <= SLICE:
            self._end = self._loop.call_later(max(left, 0.0), self._run_out)

    def _count(self) -> None:
        now = self._loop.time()
        self._spent += min(now - self._since, SLICE)
        self._since = now

    def _run_out(self) -> None:
        self._over = True
        self._task.cancel()
