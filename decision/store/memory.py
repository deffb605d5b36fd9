"""The store's twin in memory: the same behaviour inside one process, for tests and trials."""

import time
from collections.abc import AsyncIterator, Callable, Sequence

from decision.store.memory_counters import MemoryCounters
from decision.store.port import Append, Entry, Held, Hold, Position, Put, Settle, Write, followed, position_key


class MemoryStore:
    """A `Store` that keeps everything in dictionaries and forgets it with the process.

    `clock` gives seconds since 1970; times to live and log positions follow it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._values: dict[str, bytes] = {}
        self._ends: dict[str, float] = {}
        self._sets: dict[str, set[str]] = {}
        self._logs: dict[str, list[tuple[Position, bytes]]] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self._counters = MemoryCounters(self._get, self._put, clock)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order."""
        return [self._get(key) for key in keys]

    async def put(self, key: str, value: bytes, ttl: int | None = None) -> None:
        """Set a value."""
        self._put(key, value, ttl)

    async def put_if_absent(self, key: str, value: bytes, ttl: int | None = None) -> bool:
        """Set a value unless the key exists."""
        if self._get(key) is not None:
            return False
        self._put(key, value, ttl)
        return True

    async def compare_and_put(
        self,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        ttl: int | None = None,
        marks: Sequence[tuple[str, int]] = (),
    ) -> bool:
        """Set (or delete) the value if it is still `expected` and no mark is there yet; set the marks with it."""
        if self._get(key) != expected or any(self._get(mark) is not None for mark, _ in marks):
            return False
        if value is None:
            self._drop(key)
        else:
            self._put(key, value, None if self._lasts(key) else ttl)
        for mark, mark_ttl in marks:
            self._put(mark, b"1", mark_ttl)
        return True

    async def append(
        self,
        key: str,
        value: bytes,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        """Append to a byte string and return its new length; None when its length or end is not the expected one."""
        current = self._get(key) or b""
        if expected_length not in {None, len(current)} or not current.endswith(expected_end):
            return None
        if ttl is not None and not self._lasts(key):
            self._ends[key] = self._clock() + ttl
        self._values[key] = current + value
        return len(self._values[key])

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
        """`append`, and an entry and a value that follow it as in a cluster."""
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
        there = self._get(receipt.key)
        if there is not None:
            return there
        current = self._get(key) or b""
        if not value:
            fits = expected_length in {None, len(current)} and current.endswith(expected_end)
            length = len(current) if fits else None
        else:
            length = await self.append(key, value, expected_length, ttl, expected_end)
        if length is not None:
            self._put(receipt.key, receipt.value, receipt.ttl)
        return length

    async def swap(
        self, key: str, expected: bytes | None, value: bytes | None, fence: Append, also: Sequence[str] = ()
    ) -> bool:
        """Set (or delete) the value if it is still `expected`, and append in the same step."""
        if self._get(key) != expected:
            return False
        if value is None:
            self._drop(key)
        else:
            self._put(key, value, None)
        for lasting in (fence.key, *also):
            held = self._get(lasting)
            if lasting == fence.key:
                held = (held or b"") + fence.value
            if held is not None:
                self._put(lasting, held, fence.ttl)
        return True

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        """Do writes together; in order what they give."""
        given: list[int | None] = []
        for write in writes:
            one = None
            match write:
                case Entry(log, entry):
                    await self.add_to_log(log, entry)
                case Put(key, value, ttl):
                    await self.put(key, value, ttl)
                case Append(key, value, ttl, expected_length, expected_end):
                    one = await self.append(key, value, expected_length, ttl, expected_end)
                case Settle():
                    one = self._counters.settle(write)
            given.append(one)
        return given

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        """Hold units of counters, each by itself."""
        return [self._counters.hold(hold) for hold in holds]

    async def count(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """How many units of each counter are taken for good, and how many are held now."""
        return [self._counters.count(key) for key in keys]

    async def delete(self, keys: Sequence[str]) -> int:
        """Delete keys; returns how many existed."""
        count = 0
        for key in set(keys):
            count += self._get(key) is not None or key in self._sets or key in self._logs
            self._drop(key)
            self._sets.pop(key, None)
            self._logs.pop(key, None)
            self._last.pop(key, None)
        return count

    async def keys(self, prefix: str) -> AsyncIterator[list[str]]:
        """All keys that begin so."""
        yield [key for key in [*self._values] if key.startswith(prefix) and self._get(key) is not None]

    async def add_members(self, key: str, members: Sequence[str]) -> None:
        """Add to a set of strings."""
        if members:
            self._sets.setdefault(key, set()).update(members)

    async def remove_members(self, key: str, members: Sequence[str]) -> None:
        """Remove from a set of strings."""
        left = self._sets.get(key, set()) - set(members)
        if left:
            self._sets[key] = left
        else:
            self._sets.pop(key, None)

    async def members(self, key: str) -> set[str]:
        """All members of a set of strings."""
        return set(self._sets.get(key, ()))

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        """Append an entry to a log."""
        moment = int(self._clock() * 1000)
        milliseconds, sequence = self._last.get(log, (0, 0))
        following = (moment, 0) if moment > milliseconds else (milliseconds, sequence + 1)
        self._last[log] = following
        position = Position(f"{following[0]}-{following[1]}")
        self._logs.setdefault(log, []).append((position, entry))
        return position

    async def read_log(self, log: str, after: Position, limit: int) -> list[tuple[Position, bytes]]:
        """Up to `limit` entries that follow a position, in order."""
        start = position_key(after)
        return [row for row in self._logs.get(log, ()) if position_key(row[0]) > start][:limit]

    async def trim_log(self, log: str, through: Position) -> None:
        """Drop every entry up to and with a position."""
        end = position_key(through)
        if log in self._logs:
            self._logs[log] = [row for row in self._logs[log] if position_key(row[0]) > end]

    async def log_length(self, log: str) -> int:
        """How many entries the log holds."""
        return len(self._logs.get(log, ()))

    async def ping(self) -> None:
        """Return at once."""

    async def close(self) -> None:
        """Nothing to let go of."""

    def _get(self, key: str) -> bytes | None:
        end = self._ends.get(key)
        if end is not None and self._clock() >= end:
            self._drop(key)
        return self._values.get(key)

    def _put(self, key: str, value: bytes, ttl: int | None) -> None:
        self._values[key] = bytes(value)
        if ttl is None:
            self._ends.pop(key, None)
        else:
            self._ends[key] = self._clock() + ttl

    def _lasts(self, key: str) -> bool:
        return self._get(key) is not None and key not in self._ends

    def _drop(self, key: str) -> None:
        self._values.pop(key, None)
        self._ends.pop(key, None)
