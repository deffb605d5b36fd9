"""Lines are written by a thread, in order, and all of them: now, soon, or when the process ends."""

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from decision import log_writer as module
from decision.log_writer import MOST_WAITING, Event, LogWriter


class Slow(io.BytesIO):
    """A stream that takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def write(self, data: object) -> int:
        assert self.let.wait(20)
        return super().write(data)  # type: ignore[arg-type]


def render(event: Event) -> bytes:
    return f"{event['level']} {event['event']} {event.get('lines', event['timestamp'])}\n".encode()


@pytest.fixture
def opening() -> Iterator[Callable[[io.BytesIO], LogWriter]]:
    """Makes writers whose clock counts 1, 2, 3 …, and closes them."""
    opened: list[LogWriter] = []

    def make(out: io.BytesIO) -> LogWriter:
        moments = iter(range(1, 10 * MOST_WAITING))
        opened.append(LogWriter(out, render, lambda: next(moments)))
        return opened[-1]

    yield make
    for writer in opened:
        writer.close()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_line_is_written_soon_with_the_moment_of_its_event(opening: Callable[[io.BytesIO], LogWriter]) -> None:
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="first", level="info")
    writer.info(event="second", level="info")
    until(lambda: out.getvalue() == b"info first 1\ninfo second 2\n")
    writer.info(event="third", level="info")
    until(lambda: out.getvalue().endswith(b"third 3\n"))


def test_a_pressing_line_is_written_at_once_after_those_before_it(opening: Callable[[io.BytesIO], LogWriter]) -> None:
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="before", level="info")
    writer.error(event="broken", level="error")
    assert out.getvalue() == b"info before 1\nerror broken 2\n"


def test_closing_writes_what_is_left_and_later_lines_at_once(
    opening: Callable[[io.BytesIO], LogWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="left", level="info")
    writer.close()
    assert out.getvalue() == b"info left 1\n"
    writer.info(event="late", level="info")
    assert out.getvalue() == b"info left 1\ninfo late 2\n"


def test_a_slow_reader_costs_lines_not_time_and_the_log_says_how_many(
    opening: Callable[[io.BytesIO], LogWriter],
) -> None:
    out = Slow()
    writer = opening(out)
    writer.info(event="held", level="info")
    until(lambda: not writer._waiting)
    for _ in range(MOST_WAITING + 7):
        writer.info(event="more", level="info")
    out.let.set()
    until(lambda: out.getvalue().endswith(b"error log_lines_dropped 7\n"))
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + MOST_WAITING + 1


def test_a_log_that_cannot_be_written_fails_nobody(opening: Callable[[io.BytesIO], LogWriter]) -> None:
    out = io.BytesIO()
    writer = opening(out)
    out.close()
    writer.error(event="broken", level="error")


def test_the_last_lines_of_a_process_are_written_in_the_usual_form() -> None:
    code = """
from decision.logs import configure_logs, log
configure_logs("info")
log.debug("unheard")
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("failed", exc_info=error)
for number in range(100):
    log.info("counted", number=number, names=("a", "b"))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    failed, *counted = ran.stderr.splitlines()
    assert "ZeroDivisionError: division by zero" in failed
    assert [f'{{"number":{number},"names":["a","b"],"event":"counted","level":"info",' for number in range(100)] == [
        line[: line.index('"timestamp"')] for line in counted
    ]
    assert counted[0].endswith('Z"}')
