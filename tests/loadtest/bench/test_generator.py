"""The generator against a small server whose speed is known."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from loadtest.bench.generator import run
from loadtest.bench.load import Load, Plan
from loadtest.bench.wire import is_degraded, post, stages_of

WHOLE = b'{"decision":"d","degraded":[]}'
Answer = Callable[[int], tuple[int, bytes]]


@contextmanager
def server(answer: Answer, pause: float = 0.0) -> Iterator[int]:
    """Answers one request at a time, each after a pause, and hangs up where the status is 0; gives the port."""
    ready, count, port = threading.Event(), 0, 0
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                # Blocks the whole server, as a worker that computes does.
                time.sleep(pause)
                status, body = answer(count)
                count += 1
                if status == 0:
                    writer.transport.abort()
                    return
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:7])
                await writer.drain()
                writer.write(body[7:])
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await handle(reader, writer)

    async def serve() -> None:
        nonlocal loop, stop, port
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(handled, "127.0.0.1", 0) as opened:
            port = opened.sockets[0].getsockname()[1]
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(5)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


def press(port: int, mode: str, connections: int, seconds: float, rate: float = 0.0) -> Load:
    requests = tuple(post("127.0.0.1", "/", b"x" * size, "key") for size in (1, 2000))
    return run(Plan("127.0.0.1", port, requests, mode, connections, seconds, rate))  # type: ignore[arg-type]


def test_closed_load_asks_again_once_it_is_answered() -> None:
    with server(lambda _: (200, WHOLE), pause=0.002) as port:
        load = press(port, "closed", 4, 0.3)
    # One at a time at two milliseconds each, whatever the number of connections.
    assert 30 < load.per_second < 500
    assert len(load.microseconds()) == load.answers
    assert min(load.microseconds()) >= 2000
    assert load.failed == {}
    assert load.degraded == 0


def test_open_load_does_not_wait_and_counts_from_the_intended_moment() -> None:
    with server(lambda _: (200, WHOLE), pause=0.01) as port:
        load = press(port, "open", 4, 0.3, rate=200.0)
    latencies = load.microseconds()
    assert load.answers == 60
    # Twice as much is asked as can be answered, so the queue grows all the time: the last waits for half of them.
    assert latencies[-1] > 200_000
    assert latencies[-1] > 5 * latencies[0]


def test_failures_and_parts_left_out_are_counted() -> None:
    def answer(number: int) -> tuple[int, bytes]:
        return (503, b'{"title":"no store"}') if number % 4 == 0 else (200, b'{"decision":"d","degraded":["model"]}')

    with server(answer) as port:
        load = press(port, "open", 8, 0.2, rate=100.0)
    assert load.failed == {503: 5}
    assert load.degraded == 15


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_dropped_requests_are_told_and_the_others_go_on(mode: str) -> None:
    with server(lambda number: (0 if number in (2, 7, 8) else 200, WHOLE), pause=0.002) as port:
        load = press(port, mode, 4, 0.3, rate=100.0)
    assert load.dropped == 3
    assert load.failed == {}
    assert len(load.microseconds()) == load.answers
    assert load.answers == 27 if mode == "open" else load.answers > 10


@pytest.mark.parametrize(
    ("body", "degraded"),
    [(WHOLE, False), (b'{"degraded": []}', False), (b'{"degraded":["store"]}', True), (b'{"fast":1}', False)],
)
def test_a_decision_says_what_it_left_out(body: bytes, degraded: bool) -> None:
    assert is_degraded(body) is degraded


def test_stages_are_read_from_the_answer_s_head_in_microseconds() -> None:
    head = b"http/1.1 200 ok\r\nserver-timing: load;dur=0.25, facts;dur=0.031,total;dur=1.5\r\ncontent-length: 2"
    assert stages_of(head) == pytest.approx({"load": 250.0, "facts": 31.0, "total": 1500.0})
    assert stages_of(b"http/1.1 200 ok\r\ncontent-length: 2") == {}
