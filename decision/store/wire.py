"""How batches of commands reach servers of the Redis protocol: one server, or a cluster.

Nothing is ever sent twice: a write whose reply is lost may have happened, and only its caller knows what that means.
"""

from collections.abc import Sequence
from typing import Protocol

from hiredis import pack_command
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from decision.store.port import Silent
from rules.errors import Unavailable

Command = tuple[str | bytes | int, ...]

Reply = object
"""What a command was answered: bytes, an int, a list, None; or the error the server gave for this one command."""


class Wire(Protocol):
    """A connection to servers; each call raises `Unavailable` when they do not answer in time."""

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Send the commands together and wait for all replies, in order."""
        ...

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def unavailable(error: Exception) -> Unavailable:
    """The error that callers see when the store does not answer."""
    # The client calls a silent server's greeting a lost connection; what it came from tells them apart.
    silent = any(isinstance(each, (TimeoutError, RedisTimeout)) for each in (error, error.__cause__, error.__context__))
    return (Silent if silent else Unavailable)(
        f"The store does not do what it was asked ({type(error).__name__}: {error}); "
        "check that it runs and that CONCIERGE_STORE names it."
    )


class ServerWire:
    """One server, over a pool of connections; `timeout` in seconds bounds connecting and each wait for a reply."""

    def __init__(self, url: str, timeout: float) -> None:
        self._pool: ConnectionPool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Send the commands together and wait for all replies, in order."""
        try:
            connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError) as error:
            raise unavailable(error) from error
        try:
            # The client's own packing, in Python, costs seven times as much.
            packed = b"".join(pack_command(command) for command in commands)  # type: ignore[arg-type]
            await connection.send_packed_command(packed, check_health=False)
            replies: list[Reply] = []
            for _ in commands:
                try:
                    replies.append(await connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except (RedisError, OSError, TimeoutError) as error:
            await connection.disconnect(nowait=True)
            raise unavailable(error) from error
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)
        return replies

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in one MGET."""
        (reply,) = await self.run([("MGET", *keys)])
        if isinstance(reply, Exception):
            raise unavailable(reply) from reply
        return reply  # type: ignore[return-value]

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.disconnect()


class ClusterWire:
    """A cluster: each batch becomes one pipeline per node."""

    def __init__(self, url: str, timeout: float) -> None:
        self._client = RedisCluster.from_url(
            url,
            protocol=2,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Send the commands together and wait for all replies, in order."""
        try:
            pipeline = self._client.pipeline()
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)
        except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
            raise unavailable(error) from error

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, one GET each, gathered by node."""
        replies = await self.run([("GET", key) for key in keys])
        for reply in replies:
            if isinstance(reply, Exception):
                raise unavailable(reply) from reply
        return replies  # type: ignore[return-value]

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()
