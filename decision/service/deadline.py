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
        self._waiting: set[Deadline] = set()
        self._beating = False

    def join(self, deadline: "Deadline", loop: asyncio.AbstractEventLoop) -> None:
        """Tell a deadline of every beat from now on."""
        self._waiting.add(deadline)
        if not self._beating:
            self._beating = True
            loop.call_later(SLICE, self._beat, loop)

    def leave(self, deadline: "Deadline") -> None:
        """No longer."""
        self._waiting.discard(deadline)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beating = bool(self._waiting)
        if self._beating:
            loop.call_later(SLICE, self._beat, loop)
            for deadline in tuple(self._waiting):
                deadline.beat()


class Deadline:
    """How long the task that makes it may wait for others, over all its waits, one after another.

    Only the time inside `with deadline.waiting()` is counted: it is `left` less each time. However little is left, a
    wait may last one slice, so that what it asks for is at least sent. Deadlines of one loop may share their `pulse`.
    """

    def __init__(self, seconds: float, pulse: Pulse | None = None) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.left = seconds
        self._pulse = pulse or Pulse()
        self._task = task
        self._loop = task.get_loop()
        self._keep = 0.0
        self._since = 0.0
        self._cancelling = 0
        self._end: asyncio.TimerHandle | None = None
        self._over = False

    def waiting(self, keep: float = 0.0) -> "Deadline":
        """A context to wait in until only `keep` seconds are left; it raises `TimeoutError` then."""
        self._keep = min(keep, self.left - SLICE)
        return self

    async def pause(self, seconds: float) -> None:
        """Sleep; that counts too."""
        await asyncio.sleep(seconds)
        self.left -= seconds

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()
        self._since = self._loop.time()
        self._pulse.join(self, self._loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pulse.leave(self)
        self._count()
        if self._end is not None:
            self._end.cancel()
            self._end = None
        if self._over:
            self._over = False
            # Whoever else cancels the task meanwhile is heard.
            if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def beat(self) -> None:
        """One slice more has passed; when the wait ends within the next one, that gets a timer of its own."""
        self._count()
        left = self.left - self._keep
        if self._end is None and left <= SLICE:
            self._end = self._loop.call_later(max(left, 0.0), self._run_out)

    def _count(self) -> None:
        now = self._loop.time()
        self.left -= min(now - self._since, SLICE)
        self._since = now

    def _run_out(self) -> None:
        self._over = True
        self._task.cancel()
