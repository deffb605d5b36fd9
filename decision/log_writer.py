"""Writes log lines many at once, off the way of whoever logs."""

import atexit
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

Event = dict[str, object]

PAUSE_SECONDS = 0.05
"""How long a line may wait for others to be written with."""

MOST_WAITING = 10_000
"""How many lines wait at most; further ones are dropped, and the log says how many."""

PRESSING = frozenset({"warning", "error", "critical"})
"""Levels whose lines are written at once: they may be the last ones of a process that dies. Twice as many may wait."""

CLOSING_SECONDS = 5.0
"""How long the end of the process waits for a reader that takes nothing."""


class LogWriter:
    """Renders and writes events in a thread of its own, until the process ends and none is left.

    A pressing one is written without a pause, with all that wait before it. When `out` takes lines more slowly than
    they come, or not at all, further ones are dropped, for nobody must wait for a log, not even with a warning.
    """

    def __init__(self, out: BinaryIO, render: Callable[[Event], bytes], clock: Callable[[], float]) -> None:
        self._out = out
        self._render = render
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._dropped = 0
        self._some, self._pressing = threading.Event(), threading.Event()
        self._closed = False
        self._starting, self._writing = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, **event: object) -> None:
        """Take an event, with the moment it is at as its `timestamp`; it has a `level`."""
        event["timestamp"] = self._clock()
        pressing = event["level"] in PRESSING
        if len(self._waiting) >= (2 * MOST_WAITING if pressing else MOST_WAITING):
            self._dropped += 1
            return
        self._waiting.append(event)
        if self._closed:
            self.write()
            return
        if pressing:
            self._pressing.set()
        if not self._some.is_set():
            self._wake()

    debug = info = warning = error = critical = put

    def write(self) -> None:
        """Write all that wait; what `out` does not take is lost, for there is nowhere to tell."""
        # Whoever is writing takes these too, or is stuck, and then nothing helps.
        if not self._writing.acquire(blocking=False):
            return
        try:
            while self._waiting:
                lines = [self._rendered(self._waiting.popleft()) for _ in range(len(self._waiting))]
                if self._dropped:
                    told: Event = {"lines": self._dropped, "event": "log_lines_dropped"}
                    self._dropped = 0
                    lines.append(self._told(told))
                # A stream that was closed says so with a ValueError.
                with suppress(OSError, ValueError):
                    self._out.write(b"".join(lines))
                    self._out.flush()
        finally:
            self._writing.release()

    def close(self) -> None:
        """Write what is left, unless nothing is taken; whoever logs afterwards writes its own lines."""
        self._closed = True
        self._pressing.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
            if self._thread.is_alive():
                return
        self.write()

    def _rendered(self, event: Event) -> bytes:
        try:
            return self._render(event)
        except Exception as error:
            # Neither the lines beside it nor whoever logs may pay for it; ascii, for a surrogate may be what was wrong.
            return self._told(
                {"lost": ascii(event.get("event")), "error": ascii(error), "event": "log_line_unreadable"}
            )

    def _told(self, event: Event) -> bytes:
        """What the log has to say of itself."""
        return self._render({**event, "level": "error", "timestamp": self._clock()})

    def _wake(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
                self._thread.start()
                atexit.register(self.close)
        self._some.set()

    def _run(self) -> None:
        while not self._closed:
            self._some.wait()
            self._pressing.wait(PAUSE_SECONDS)
            self._some.clear()
            self._pressing.clear()
            self.write()
