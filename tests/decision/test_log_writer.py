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


Opening = Callable[..., LogWriter]


@pytest.fixture
def opening() -> Iterator[Opening]:
    """Makes writers whose clock counts 1, 2, 3 …, and closes them."""
    opened: list[LogWriter] = []

    def make(out: io.BytesIO, render: Callable[[Event], bytes] = render) -> LogWriter:
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


def test_a_line_is_written_soon_with_the_moment_of_its_event(opening: Opening) -> None:
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="first", level="info")
    writer.info(event="second", level="info")
    until(lambda: out.getvalue() == b"info first 1\ninfo second 2\n")
    writer.info(event="third", level="info")
    until(lambda: out.getvalue().endswith(b"third 3\n"))


def test_a_pressing_line_is_written_at_once_after_those_before_it(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="before", level="info")
    writer.error(event="broken", level="error")
    until(lambda: out.getvalue() == b"info before 1\nerror broken 2\n")


def test_nobody_waits_for_a_reader_that_takes_nothing_not_even_with_a_warning(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSING_SECONDS", 0.01)
    out = Slow()
    writer = opening(out)
    writer.error(event="held", level="error")
    until(lambda: not writer._waiting)
    for _ in range(2 * MOST_WAITING + 5):
        writer.warning(event="more", level="warning")
    writer.close()
    out.let.set()
    until(lambda: out.getvalue().endswith(b"error log_lines_dropped 5\n"))


def test_closing_writes_what_is_left_and_later_lines_at_once(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    out = io.BytesIO()
    writer = opening(out)
    writer.info(event="left", level="info")
    writer.close()
    assert out.getvalue() == b"info left 1\n"
    writer.info(event="late", level="info")
    assert out.getvalue() == b"info left 1\ninfo late 2\n"


def test_a_slow_reader_costs_lines_not_time_and_the_log_says_how_many(
    opening: Opening,
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


def test_a_log_that_cannot_be_written_fails_nobody(opening: Opening) -> None:
    out = io.BytesIO()
    writer = opening(out)
    out.close()
    writer.error(event="broken", level="error")


def test_a_line_that_cannot_be_rendered_says_so_and_costs_no_other(opening: Opening) -> None:
    def render_most(event: Event) -> bytes:
        if event["event"] == "endless":
            raise RecursionError
        return render(event).replace(
            b"\n", f" {event.get('lost', '')} {event.get('error', '')}".rstrip().encode() + b"\n"
        )

    out = io.BytesIO()
    writer = opening(out, render_most)
    writer.info(event="before", level="info")
    writer.info(event="endless", level="info")
    writer.info(event="\ud800", level="info")
    writer.error(event="after", level="error")
    until(lambda: out.getvalue().count(b"\n") == 4)
    before, endless, surrogate, after = out.getvalue().splitlines()
    assert (before, after) == (b"info before 1", b"error after 4")
    assert endless == b"error log_line_unreadable 5 'endless' RecursionError()"
    assert surrogate.startswith(b"error log_line_unreadable 6 '\\ud800' UnicodeEncodeError")


def test_the_writer_outlives_what_it_cannot_render(opening: Opening) -> None:
    def render_most(event: Event) -> bytes:
        return render(event) if event["event"] != "odd" else event["missing"]  # type: ignore[return-value]

    out = io.BytesIO()
    writer = opening(out, render_most)
    writer.info(event="odd", level="info")
    until(lambda: out.getvalue().startswith(b"error log_line_unreadable"))
    writer.info(event="next", level="info")
    until(lambda: out.getvalue().endswith(b"info next 3\n"))


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
