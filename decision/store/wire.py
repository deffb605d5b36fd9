"""How batches of commands reach servers of the Redis protocol: one server, or a cluster.

Nothing is ever sent twice: a write whose reply is lost may have happened, and only its caller knows what that means.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Protocol, TypeVar
from weakref import WeakSet

from hiredis import pack_command
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from decision.store.connection import Batch, Connection, Reply
from decision.store.port import Refused, Silent
from rules.errors import Unavailable

Read = TypeVar("Read")

Command = tuple[str | bytes | int, ...]


_SCANNED_AT_ONCE = 1_000
"""About how many keys a server looks at before it answers whoever else asks."""


def _matching(prefix: str) -> tuple[str | int, ...]:
    """What makes SCAN give keys that begin so; a pattern's own signs are meant literally."""
    return "MATCH", re.sub(r"([\\*?\[\]])", r"\\\1", prefix) + "*", "COUNT", _SCANNED_AT_ONCE


class Wire(Protocol):
    """A connection to servers; each future fails with `Unavailable` when they do not answer in time.

    `whole`: one script may touch any keys.
    """

    whole: bool

    def run(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        """Send the commands together; their replies, in order."""
        ...

    def get(self, keys: Sequence[str]) -> asyncio.Future[list[bytes | None]]:
        """The values of the keys, in order."""
        ...

    def scan(self, prefix: str) -> AsyncIterator[list[bytes]]:
        """All keys that begin so, many at a time; any may come more than once."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def unavailable(error: Exception) -> Unavailable:
    """The error that callers see when the store does not answer."""
    # The client calls a silent server's greeting a lost connection; what it came from tells them apart.
    silent = any(isinstance(each, (TimeoutError, RedisTimeout)) for each in (error, error.__cause__, error.__context__))
    refused = isinstance(error, ResponseError)
    return (Silent if silent else Refused if refused else Unavailable)(
        f"The store does not do what it was asked ({type(error).__name__}: {error}); "
        "check that it runs and that CONCIERGE_STORE names it."
    )


class ServerWire:
    """One server, over as many connections as batches are under way; `timeout` in seconds bounds every silence."""

    whole = True

    def __init__(self, url: str, timeout: float) -> None:
        self._pool: ConnectionPool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
        self._timeout = timeout
        self._free: list[Connection] = []
        self._connections: WeakSet[Connection] = WeakSet()

    def run(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        """Send the commands together; their replies, in order."""
        # The client's own packing, in Python, costs seven times as much.
        packed = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type]
        return self._send(Batch(packed, len(commands), list))

    def get(self, keys: Sequence[str]) -> asyncio.Future[list[bytes | None]]:
        """The values of the keys, in one MGET."""
        return self._send(Batch(pack_command(("MGET", *keys)), 1, _values))  # type: ignore[arg-type]

    async def scan(self, prefix: str) -> AsyncIterator[list[bytes]]:
        """All keys that begin so, many at a time; any may come more than once."""
        cursor = b"0"
        while True:
            (page,) = await self.run([("SCAN", cursor, *_matching(prefix))])
            if isinstance(page, Exception):
                raise unavailable(page) from page
            assert isinstance(page, list)
            cursor = page[0]
            yield page[1]
            if cursor == b"0":
                return

    async def close(self) -> None:
        """Let go of connections, those of batches under way too."""
        for connection in [*self._connections]:
            await connection.close()
        self._free.clear()

    def _send(self, batch: Batch[Read]) -> asyncio.Future[Read]:
        while self._free:
            connection = self._free.pop()
            if connection.usable:
                connection.send(batch)
                return batch.future
        return asyncio.get_running_loop().create_task(self._send_on_another(batch))

    async def _send_on_another(self, batch: Batch[Read]) -> Read:
        try:
            client = self._pool.make_connection()  # type: ignore[no-untyped-call]
            await client.connect()
        except (RedisError, OSError, TimeoutError) as error:
            raise unavailable(error) from error
        connection = Connection(client, self._timeout, self._free.append, unavailable)
        self._connections.add(connection)
        connection.send(batch)
        return await batch.future


def _values(replies: list[Reply]) -> list[bytes | None]:
    (values,) = replies
    if isinstance(values, Exception):
        raise unavailable(values) from values
    return values  # type: ignore[return-value]


class ClusterWire:
    """A cluster: each batch becomes one pipeline per node."""

    whole = False

    def __init__(self, url: str, timeout: float) -> None:
        self._client = RedisCluster.from_url(
            url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )

    def run(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        """Send the commands together; their replies, in order."""
        return asyncio.get_running_loop().create_task(self._run(commands))

    def get(self, keys: Sequence[str]) -> asyncio.Future[list[bytes | None]]:
        """The values of the keys, one MGET for those of each slot, gathered by node."""
        return asyncio.get_running_loop().create_task(self._get(keys))

    async def scan(self, prefix: str) -> AsyncIterator[list[bytes]]:
        """All keys that begin so, many at a time, node after node; any may come more than once."""
        try:
            await self._client.initialize()
            for node in self._client.get_primaries():
                cursor = b"0"
                while True:
                    cursor, keys = await node.execute_command("SCAN", cursor, *_matching(prefix))
                    yield keys
                    if int(cursor) == 0:
                        break
        except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
            raise unavailable(error) from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _run(self, commands: Sequence[Command]) -> list[Reply]:
        try:
            pipeline = self._client.pipeline()
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)
        except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
            raise unavailable(error) from error

    async def _get(self, keys: Sequence[str]) -> list[bytes | None]:
        slots: dict[str, list[str]] = {}
        for key in keys:
            slots.setdefault(_slot(key), []).append(key)
        replies = await self._run([("MGET", *together) for together in slots.values()])
        found: dict[str, bytes | None] = {}
        for together, reply in zip(slots.values(), replies, strict=True):
            found.update(zip(together, _values([reply]), strict=True))
        return [found[key] for key in keys]


def _slot(key: str) -> str:
    """What decides a key's slot: what stands in its first braces, else all of it."""
    tag = key.partition("{")[2].partition("}")
    return tag[0] if tag[0] and tag[1] else key
