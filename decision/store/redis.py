"""The store over the Redis protocol: Redis, Valkey, or a cluster of either."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence

from redis.exceptions import NoScriptError

from decision.store.connection import Reply
from decision.store.lane import Lane
from decision.store.port import (
    Append,
    Entry,
    Held,
    Hold,
    Position,
    Put,
    Settle,
    Write,
    followed,
    position_key,
    settled_key,
)
from decision.store.scripts import APPEND, APPEND_ONCE, APPEND_WITH, COMPARE_AND_PUT, SWAP, Script
from decision.store.volume_scripts import COUNT, HOLD, SETTLE
from decision.store.wire import ClusterWire, Command, ServerWire, Wire, unavailable

TIMEOUT = 2.0
"""Seconds to wait for a reply; a decision's own deadline is far shorter and does not wait for it."""

_FIELD = b"e"

_SOURCES: dict[object, str] = {
    script.hash: script.source
    for script in (COMPARE_AND_PUT, APPEND, APPEND_ONCE, APPEND_WITH, SWAP, HOLD, SETTLE, COUNT)
}
"""The scripts by hash, for a server that does not know them yet."""


class RedisStore:
    """A `Store` whose concurrent calls travel together: reads as one MGET, writes as one pipeline.

    While a pipeline of writes is under way the next one gathers, so the server makes many writes durable with one
    fsync. Durability is the server's: `appendfsync always` where "returned" must mean "on disk".
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reads: Lane[str, bytes | None] = Lane(wire.get, flights=4, most=512)
        self._writes: Lane[Command, Reply] = Lane(wire.run, flights=1, most=512)

    @classmethod
    def connect(cls, url: str, cluster: bool = False, timeout: float = TIMEOUT) -> "RedisStore":
        """A store at a URL (`redis://`, `rediss://`, `unix://`); connections are made when they are first needed."""
        return cls(ClusterWire(url, timeout) if cluster else ServerWire(url, timeout))

    def get_many(self, keys: Sequence[str]) -> Awaitable[list[bytes | None]]:
        """The values of the keys, in order; calls of one loop tick travel together."""
        return self._reads.ask(keys)

    async def put(self, key: str, value: bytes, ttl: int | None = None) -> None:
        """Set a value."""
        await self._ask("SET", key, value, *_lifetime(ttl))

    async def put_if_absent(self, key: str, value: bytes, ttl: int | None = None) -> bool:
        """Set a value unless the key exists."""
        return await self._ask("SET", key, value, "NX", *_lifetime(ttl)) is not None

    async def compare_and_put(
        self,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        ttl: int | None = None,
        marks: Sequence[tuple[str, int]] = (),
    ) -> bool:
        """Set (or delete) the value if it is still `expected` and no mark is there yet; set the marks with it."""
        arguments = (
            "0" if expected is None else "1",
            expected or b"",
            "0" if value is None else "1",
            value or b"",
            _seconds(ttl),
            *(mark_ttl for _, mark_ttl in marks),
        )
        keys = (key, *(mark for mark, _ in marks))
        return await self._ask("EVALSHA", COMPARE_AND_PUT.hash, len(keys), *keys, *arguments) == 1

    async def append(
        self,
        key: str,
        value: bytes,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        """Append to a byte string and return its new length; None when its length or end is not the expected one."""
        (length,) = await self._ask_all((_append(key, value, expected_length, ttl, expected_end),))
        assert isinstance(length, int)
        return None if length < 0 else length

    async def append_with(
        self,
        key: str,
        value: bytes,
        entry: Entry,
        put: Put,
        expected_length: int,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        """`append`, and add an entry to a log and set a value in the same step; in a cluster they follow it."""
        if self._wire.whole:
            conditions = expected_length, expected_end, "" if ttl is None else ttl
            also = entry.entry, put.value, "" if put.ttl is None else put.ttl
            keys = key, entry.log, put.key
            asked = (("EVALSHA", APPEND_WITH.hash, 3, *keys, value, *conditions, *also),)
            (length,) = await self._writes.ask(asked)
            if not isinstance(length, int):
                (length,) = await self._mended(asked, [length])
                assert isinstance(length, int)
            return None if length < 0 else length
        return await followed(self, await self.append(key, value, expected_length, ttl, expected_end), entry, put)

    async def append_once(
        self,
        key: str,
        value: bytes,
        receipt: Put,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | bytes | None:
        """`append` and put a receipt, in one step; a receipt that is there is returned, and nothing changes."""
        conditions = ("" if expected_length is None else expected_length, expected_end, _seconds(ttl))
        reply = await self._ask(
            "EVALSHA", APPEND_ONCE.hash, 2, key, receipt.key, value, *conditions, receipt.value, _seconds(receipt.ttl)
        )
        assert isinstance(reply, (int, bytes))
        return None if reply == -1 else reply

    async def swap(
        self, key: str, expected: bytes | None, value: bytes | None, fence: Append, also: Sequence[str] = ()
    ) -> bool:
        """Set (or delete) the value if it is still `expected`, and append in the same step."""
        arguments = (
            "0" if expected is None else "1",
            expected or b"",
            "0" if value is None else "1",
            value or b"",
            fence.value,
            _seconds(fence.ttl),
        )
        keys = (key, fence.key, *also)
        return await self._ask("EVALSHA", SWAP.hash, len(keys), *keys, *arguments) == 1

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        """Do writes that travel together; in order what they give."""
        replies = await self._ask_all([_command(write) for write in writes])
        # An append whose condition does not hold gives -1.
        return [
            reply if isinstance(write, Append | Settle) and isinstance(reply, int) and reply >= 0 else None
            for write, reply in zip(writes, replies, strict=True)
        ]

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        """Hold units of counters, each by itself."""
        commands = [
            _held(HOLD, hold.key, hold.holder, hold.units, hold.most, hold.milliseconds or 0, _seconds(hold.ttl))
            for hold in holds
        ]
        replies = await self._ask_all(commands)
        return [Held(left >= 0, left if left >= 0 else -1 - left) for left in replies if isinstance(left, int)]

    async def count(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """How many units of each counter are taken for good, and how many are held now."""
        replies = await self._ask_all([("EVALSHA", COUNT.hash, 2, key, f"{key}:holds") for key in keys])
        return [(int(reply[0]), int(reply[1])) for reply in replies if isinstance(reply, list)]

    async def delete(self, keys: Sequence[str]) -> int:
        """Delete keys; returns how many existed."""
        counts = await self._ask_all([("UNLINK", key) for key in keys])
        return sum(count for count in counts if isinstance(count, int))

    async def keys(self, prefix: str) -> AsyncIterator[list[str]]:
        """All keys that begin so, many at a time; any may come more than once."""
        async for page in self._wire.scan(prefix):
            yield [key.decode() for key in page]

    async def add_members(self, key: str, members: Sequence[str]) -> None:
        """Add to a set of strings."""
        if members:
            await self._ask("SADD", key, *members)

    async def remove_members(self, key: str, members: Sequence[str]) -> None:
        """Remove from a set of strings."""
        if members:
            await self._ask("SREM", key, *members)

    async def members(self, key: str) -> set[str]:
        """All members of a set of strings."""
        reply = await self._now("SMEMBERS", key)
        assert isinstance(reply, (list, set))
        return {member.decode() for member in reply}

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        """Append an entry to a log; returns once it is durable."""
        reply = await self._ask(*_command(Entry(log, entry)))
        assert isinstance(reply, bytes)
        return Position(reply.decode())

    async def read_log(self, log: str, after: Position, limit: int) -> list[tuple[Position, bytes]]:
        """Up to `limit` entries that follow a position, in order."""
        reply = await self._now("XRANGE", log, f"({after}", "+", "COUNT", limit)
        assert isinstance(reply, list)
        # A cluster's client turns the fields into a dictionary; one server's reply stays the list it was.
        return [
            (Position(position.decode()), fields[_FIELD] if isinstance(fields, Mapping) else fields[1])
            for position, fields in reply
        ]

    async def trim_log(self, log: str, through: Position) -> None:
        """Drop every entry up to and with a position."""
        milliseconds, sequence = position_key(through)
        await self._ask("XTRIM", log, "MINID", "=", f"{milliseconds}-{sequence + 1}")

    async def log_length(self, log: str) -> int:
        """How many entries the log holds."""
        reply = await self._now("XLEN", log)
        assert isinstance(reply, int)
        return reply

    async def ping(self) -> None:
        """Return when the store answers."""
        await self.get_many(["ping"])

    async def close(self) -> None:
        """Wait for what is under way, then let go of connections."""
        await self._reads.drain()
        await self._writes.drain()
        await self._wire.close()

    async def _ask(self, *command: str | bytes | int) -> Reply:
        (reply,) = await self._ask_all((command,))
        return reply

    async def _ask_all(self, commands: Sequence[Command]) -> list[Reply]:
        replies = await self._writes.ask(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                return await self._mended(commands, replies)
        return replies

    async def _mended(self, commands: Sequence[Command], replies: list[Reply]) -> list[Reply]:
        """The replies, with those of scripts that the server did not know; raises what else is an error among them."""
        unknown = [number for number, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            # The server has not seen these scripts since it started; it keeps them from now on.
            whole = [("EVAL", _SOURCES[commands[number][1]], *commands[number][2:]) for number in unknown]
            for number, reply in zip(unknown, await self._writes.ask(whole), strict=True):
                replies[number] = reply
        for reply in replies:
            if isinstance(reply, Exception):
                raise unavailable(reply) from reply
        return replies

    async def _now(self, *command: str | bytes | int) -> Reply:
        (reply,) = await self._wire.run([command])
        if isinstance(reply, Exception):
            raise unavailable(reply) from reply
        return reply


def _command(write: Write) -> Command:
    match write:
        case Entry():
            return "XADD", write.log, "*", _FIELD, write.entry
        case Put():
            return "SET", write.key, write.value, *_lifetime(write.ttl)
        case Append():
            return _append(write.key, write.value, write.expected_length, write.ttl, write.expected_end)
        case Settle():
            return _held(SETTLE, write.key, write.holder, write.kept, _seconds(write.ttl), _seconds(write.known))


def _append(key: str, value: bytes, expected_length: int | None, ttl: int | None, expected_end: bytes) -> Command:
    if expected_length is None and ttl is None:
        return "APPEND", key, value
    conditions = ("" if expected_length is None else expected_length, expected_end, _seconds(ttl))
    return "EVALSHA", APPEND.hash, 1, key, value, *conditions


def _held(script: Script, key: str, holder: str, *arguments: str | int) -> Command:
    return "EVALSHA", script.hash, 3, key, f"{key}:holds", settled_key(key, holder), holder, *arguments


def _seconds(ttl: int | None) -> str | int:
    return "" if ttl is None else ttl


def _lifetime(ttl: int | None) -> tuple[str | int, ...]:
    return () if ttl is None else ("EX", ttl)
