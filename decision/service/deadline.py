"""A deadline for what others take: our own work may hold up the loop, and that is not the store's fault."""

import asyncio
from types import TracebackType

SLICE = 0.01
"""Seconds that a hold-up of the loop counts at most: a reply that has arrived cannot be read meanwhile."""


class Pulse:
    """Beats once a slice while anybody waits: one timer for all waits, because nearly all end before it matters.

    It tells the time that counts. However late a beat is, it counts as one slice: what arrived meanwhile is read before
    the next one.
    """

    __slots__ = ("_beating", "_counted", "_last", "_waiting")

    def __init__(self) -> None:
        self._waiting: set[Deadline] = set()
        self._beating = False
        self._counted = 0.0
        self._last = 0.0

    def join(self, deadline: "Deadline", loop: asyncio.AbstractEventLoop) -> float:
        """Watch over a deadline's end from now on; gives the time."""
        self._waiting.add(deadline)
        if not self._beating:
            self._beating = True
            self._last = loop.time()
            loop.call_later(SLICE, self._beat, loop)
            return self._counted
        passed = loop.time() - self._last
        return self._counted + (passed if passed < SLICE else SLICE)

    def leave(self, deadline: "Deadline", loop: asyncio.AbstractEventLoop) -> float:
        """No longer; gives the time."""
        self._waiting.discard(deadline)
        passed = loop.time() - self._last
        return self._counted + (passed if passed < SLICE else SLICE)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._counted += min(now - self._last, SLICE)
        self._last = now
        self._beating = bool(self._waiting)
        if self._beating:
            loop.call_later(SLICE, self._beat, loop)
            next_beat = self._counted + SLICE
            for deadline in [each for each in self._waiting if each.end <= next_beat]:
                deadline.end_in(deadline.end - self._counted)


class Deadline:
    """How long the task that makes it may wait for others, over all its waits, one after another.

    Only the time inside `with deadline.waiting()` is counted: it is `left` less each time. However little is left, a
    wait may last one slice, so that what it asks for is at least sent. Deadlines of one loop may share their `pulse`,
    by whose time a wait has its `end`.
    """

    __slots__ = ("_cancelling", "_keep", "_loop", "_over", "_pulse", "_since", "_task", "_timer", "end", "left")

    def __init__(self, seconds: float, pulse: Pulse | None = None) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.left = seconds
        self.end = 0.0
        self._pulse = pulse or Pulse()
        self._task = task
        self._loop = task.get_loop()
        self._keep = 0.0
        self._since = 0.0
        self._cancelling = 0
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def waiting(self, keep: float = 0.0) -> "Deadline":
        """A context to wait in until only `keep` seconds are left; it raises `TimeoutError` then."""
        most = self.left - SLICE
        self._keep = keep if keep < most else most
        return self

    async def pause(self, seconds: float) -> None:
        """Sleep; that counts too."""
        await asyncio.sleep(seconds)
        self.left -= seconds

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()
        self._since = since = self._pulse.join(self, self._loop)
        self.end = since + self.left - self._keep

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left -= self._pulse.leave(self, self._loop) - self._since
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._over:
            self._over = False
            # Whoever else cancels the task meanwhile is heard.
            if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def end_in(self, seconds: float) -> None:
        """The wait ends before the next beat, so it gets a timer of its own, unless it has one."""
        if self._timer is None:
            self._timer = self._loop.call_later(max(seconds, 0.0), self._run_out)

    def _run_out(self) -> None:
        self._over = True
        self._task.cancel()
