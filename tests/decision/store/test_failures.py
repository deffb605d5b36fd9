"""A store that is away, silent, refusing or restarted shows as `Unavailable`, in time, and comes back by itself."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from weakref import WeakSet

import pytest
import redis

from decision.settings import Settings
from decision.store.connection import Connection
from decision.store.embedded import EmbeddedServer
from decision.store.lane import REST_SECONDS
from decision.store.opening import open_store
from decision.store.port import START, Entry, Put, Refused, Silent, Unfinished
from decision.store.redis import RedisStore
from rules.errors import Unavailable

CALLS: list[Callable[[RedisStore], Awaitable[object]]] = [
    lambda store: store.get_many(["k"]),
    lambda store: store.put("k", b"1"),
    lambda store: store.put_if_absent("k", b"1"),
    lambda store: store.compare_and_put("k", None, b"1"),
    lambda store: store.append("k", b"1"),
    lambda store: store.append("k", b"1", expected_length=0),
    lambda store: store.append_with("k", b"1", Entry("log", b"1"), Put("p", b"1"), 0),
    lambda store: store.write([Put("k", b"1"), Entry("log", b"1")]),
    lambda store: store.delete(["k"]),
    lambda store: store.add_members("s", ["a"]),
    lambda store: store.members("s"),
    lambda store: store.add_to_log("log", b"1"),
    lambda store: store.read_log("log", START, 1),
    lambda store: store.trim_log("log", START),
    lambda store: store.log_length("log"),
    lambda store: store.ping(),
]


SECONDS = 60.0


async def _reached(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not wanted():
            await asyncio.sleep(0.001)


def _connections(store: RedisStore) -> WeakSet[Connection]:
    connections: WeakSet[Connection] = vars(store._wire)["_connections"]
    return connections


async def test_nobody_listens(tmp_path: Path) -> None:
    for url in (f"unix://{tmp_path}/absent", "redis://127.0.0.1:1"):
        store = RedisStore.connect(url)
        for call in CALLS:
            with pytest.raises(Unavailable, match="CONCIERGE_STORE"):
                await call(store)
        await store.close()


async def test_a_cluster_that_is_away() -> None:
    store = RedisStore.connect("redis://127.0.0.1:1", cluster=True)
    for call in CALLS:
        with pytest.raises(Unavailable, match="CONCIERGE_STORE"):
            await call(store)
    await store.close()


@asynccontextmanager
async def _listening(path: Path, closes: bool) -> AsyncIterator[str]:
    """A server that never answers: it keeps the connection, or closes it once it was asked something."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(1) and not closes:
                pass
        writer.close()

    server = await asyncio.start_unix_server(serve, path / "socket")
    async with server:
        yield f"unix://{path}/socket"


async def test_a_silent_server_costs_one_timeout_however_many_wait(tmp_path: Path) -> None:
    async with _listening(tmp_path, closes=False) as url:
        store = RedisStore.connect(url, timeout=0.2)
        started = time.monotonic()
        answers = await asyncio.gather(*(call(store) for call in CALLS * 50), return_exceptions=True)
        assert time.monotonic() - started < 0.2 * len(CALLS)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        await store.close()


async def test_a_silent_store_is_not_asked_again_for_a_while(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.hold()
    store = RedisStore.connect(server.url, timeout=0.5)
    await store.put("k", b"1")
    pid = int((tmp_path / "store" / "valkey.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        for call in (CALLS[0], CALLS[1]):
            with pytest.raises(Silent):
                await call(store)
            started = time.monotonic()
            for _ in range(20):
                with pytest.raises(Silent):
                    await call(store)
            assert time.monotonic() - started < 0.5
    finally:
        os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(REST_SECONDS)
    await store.put("k", b"2")
    assert await store.get_many(["k"]) == [b"2"]
    await store.close()
    server.release()


async def test_a_connection_lost_after_asking(tmp_path: Path) -> None:
    async with _listening(tmp_path, closes=True) as url:
        store = RedisStore.connect(url)
        for call in CALLS:
            with pytest.raises(Unavailable):
                await call(store)
        await store.close()


@asynccontextmanager
async def _greeting(path: Path, then: bytes) -> AsyncIterator[str]:
    """A server that greets, and sends the same to whatever it is asked first."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (asked := await reader.read(1000)) and b"CLIENT" in asked:
            writer.write(b"+OK\r\n" * asked.count(b"*"))
        writer.write(then)
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(serve, path / "socket"):
        yield f"unix://{path}/socket"


async def test_more_replies_than_commands_answer_nobody(tmp_path: Path) -> None:
    async with _greeting(tmp_path, b"*1\r\n$5\r\nhello\r\n*1\r\n$5\r\nother\r\n") as url:
        store = RedisStore.connect(url)
        for key in ("mine", "yours"):
            with pytest.raises(Unavailable, match="more replies"):
                await store.get_many([key])
        await store.close()


async def test_closing_closes_the_connections_of_what_is_under_way(tmp_path: Path) -> None:
    async with _greeting(tmp_path, b"") as url:
        store = RedisStore.connect(url, timeout=60)
        reading = asyncio.create_task(store.members("s"))
        await _reached(lambda: len(_connections(store)) == 1)
        await store.close()
        async with asyncio.timeout(SECONDS):
            with pytest.raises(Unavailable):
                await reading


def _lose(url: str) -> None:
    """Make the server drop all connections and scripts, as after a restart."""
    with redis.Redis.from_url(url) as client:
        client.script_flush()
        client.client_kill_filter(_type="normal", skipme=True)


async def test_connections_and_scripts_lost_in_between_do_not_show(valkey_url: str, valkey_store: RedisStore) -> None:
    await valkey_store.compare_and_put("k", None, b"1")
    _lose(valkey_url)
    await _reached(lambda: not any(connection.usable for connection in _connections(valkey_store)))
    assert await valkey_store.compare_and_put("k", b"1", b"2")
    assert await valkey_store.get_many(["k"]) == [b"2"]


async def test_a_cluster_that_lost_its_connections_comes_back(cluster_server: str, cluster_store: RedisStore) -> None:
    await cluster_store.compare_and_put("k", None, b"1")
    _lose(cluster_server)
    # The cluster's client notices only by asking; what it asked then was not sent twice.
    with pytest.raises(Unavailable):
        await cluster_store.compare_and_put("k", b"1", b"2")
    assert await cluster_store.compare_and_put("k", b"1", b"2")
    assert await cluster_store.get_many(["k"]) == [b"2"]


async def test_a_refusing_server_is_unavailable_for_writes_and_reads_go_on(
    valkey_url: str, valkey_store: RedisStore
) -> None:
    await valkey_store.put("there", b"1")
    with redis.Redis.from_url(valkey_url) as client:
        client.config_set("maxmemory", 1)
        try:
            for call in (CALLS[1], CALLS[3], CALLS[6], CALLS[7], CALLS[11]):
                with pytest.raises(Refused, match="OutOfMemory"):
                    await call(valkey_store)
            assert await valkey_store.log_length("log") == 0
            assert await valkey_store.get_many(["there", "k"]) == [b"1", None]
        finally:
            client.config_set("maxmemory", 0)
    await valkey_store.put("k", b"2")


async def test_what_follows_an_append_in_a_cluster_may_be_missing(cluster_store: RedisStore) -> None:
    await cluster_store.put("log", b"a string, which no entry can be added to")
    with pytest.raises(Unfinished):
        await cluster_store.append_with("{k}", b"1", Entry("log", b"1"), Put("{p}", b"1"), 0)
    assert await cluster_store.get_many(["{k}", "{p}"]) == [b"1", b"1"]


async def test_a_killed_server_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.hold()
    store = RedisStore.connect(server.url)
    acknowledged: list[bytes] = []

    async def write(name: int) -> None:
        for n in range(100_000):
            entry = b"%d-%d" % (name, n)
            await store.add_to_log("log", entry)
            acknowledged.append(entry)

    writers = [asyncio.ensure_future(write(name)) for name in range(8)]
    await _reached(lambda: len(acknowledged) > 100)
    os.kill(int((tmp_path / "store" / "valkey.pid").read_text()), signal.SIGKILL)
    answers = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    with pytest.raises(Unavailable):
        await store.ping()
    server.release()
    async with open_store(Settings(data=str(tmp_path))) as again:
        found = {entry for _, entry in await again.read_log("log", START, 200_000)}
        assert found >= set(acknowledged)
    await store.close()
