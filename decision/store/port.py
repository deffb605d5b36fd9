"""The one port to state outside the process; every layer above it is written once, against this protocol."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import NewType, Protocol

import msgspec

from rules.errors import Unavailable

Position = NewType("Position", str)
"""Where an entry lies in a log: `milliseconds-sequence`, ascending; compare with `position_key`."""

START = Position("0-0")


def position_key(position: Position) -> tuple[int, int]:
    """A position as a pair that sorts in log order."""
    milliseconds, sequence = position.split("-")
    return int(milliseconds), int(sequence)


class Silent(Unavailable):
    """The store did not answer in time; asking it again at once would only mean waiting again."""


class Refused(Unavailable):
    """The store answered that it does not do this: nothing of it was done."""


class Unfinished(Unavailable):
    """A string was appended to, but what was to follow may not be written."""


class Put(msgspec.Struct, frozen=True):
    """Set a value; `ttl` in seconds."""

    key: str
    value: bytes
    ttl: int | None = None


class Append(msgspec.Struct, frozen=True):
    """Append to a byte string, if its length and end are the ones expected where any are; `ttl` in seconds."""

    key: str
    value: bytes
    ttl: int | None = None
    expected_length: int | None = None
    expected_end: bytes = b""


class Entry(msgspec.Struct, frozen=True):
    """Append an entry to a log."""

    log: str
    entry: bytes


class Hold(msgspec.Struct, frozen=True):
    """Set units of a counter aside for a holder, if so many of the `most` there are can be had.

    The hold ends by itself after `milliseconds` of the store's own time, or never without; a holder that holds already
    holds this many from now on, and one that is known to have settled has them and holds nothing. The key has a hash
    tag, for a counter lies in more than one. `ttl` in seconds is how long the counter lives without a change.
    """

    key: str
    holder: str
    units: int
    most: int
    milliseconds: int | None
    ttl: int | None = None


class Held(msgspec.Struct, frozen=True):
    """Whether a hold was had, and how many units are left: for others when it was, for the holder when not."""

    done: bool
    left: int


class Settle(msgspec.Struct, frozen=True):
    """End a hold: `kept` of its units are taken for good, the others can be had again; `ttl` as in `Hold`.

    If it kept any, the holder stays `known` as settled for so many seconds: until then it can be settled again, which
    changes nothing.
    """

    key: str
    holder: str
    kept: int
    ttl: int | None = None
    known: int | None = None


def settled_key(key: str, holder: str) -> str:
    """What is there, in the slot of a counter, while a holder is known to have settled."""
    return f"{key}:settled:{holder}"


Write = Put | Append | Entry | Settle


class Store(Protocol):
    """Bytes by key, byte strings that grow, counters of units, and append-only logs.

    Every call raises `Unavailable` when the store cannot be reached, `Silent` when it does not answer in time. A write
    that returned is durable. `ttl` is in seconds; a value that has no end gets none by being appended to or compared.
    Keys of one subject share a hash tag, so each call touches one slot of a cluster (`get_many`, `write`, `append_with`
    and `delete` may span slots).
    """

    def get_many(self, keys: Sequence[str]) -> Awaitable[list[bytes | None]]:
        """The values of the keys, in order, those of one slot as of one moment; calls of one tick travel together."""
        ...

    async def put(self, key: str, value: bytes, ttl: int | None = None) -> None:
        """Set a value."""
        ...

    async def put_if_absent(self, key: str, value: bytes, ttl: int | None = None) -> bool:
        """Set a value unless the key exists; says whether it was set."""
        ...

    async def compare_and_put(
        self,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        ttl: int | None = None,
        marks: Sequence[tuple[str, int]] = (),
    ) -> bool:
        """Set (or delete, with None) the value if it is still `expected`, and set the marks (key and ttl), atomically.

        Nothing changes, and False is returned, when the value differs or a mark is already there. Marks lie in the
        same slot as the key.
        """
        ...

    async def append(
        self,
        key: str,
        value: bytes,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        """Append to a byte string and return its new length; None when its length or end is not the expected one.

        Who expects a length but no end may be deceived by a string that was cut and has grown again.
        """
        ...

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
        """`append`, and add an entry to a log and set a value in the same step; None, and no change, when it may not.

        In a cluster, where all three lie apart, entry and value follow the append: `Unfinished` when they may not have.
        `Refused` when nothing was done; after another `Unavailable` nobody knows.
        """
        ...

    async def append_once(
        self,
        key: str,
        value: bytes,
        receipt: Put,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | bytes | None:
        """`append` and put a receipt, in one step, unless the receipt is there: that is returned, and nothing changes.

        Nothing is appended, and no string made, where there are no bytes to append; the receipt is put all the same. It
        lies in the same slot as the key.
        """
        ...

    async def swap(
        self, key: str, expected: bytes | None, value: bytes | None, fence: Append, also: Sequence[str] = ()
    ) -> bool:
        """Set (or delete, with None) the value if it is still `expected`, and append to another string, atomically.

        What is appended to and, where they exist, the strings in `also` live `fence.ttl` from now on, without it for
        ever. All lie in the same slot as the key.
        """
        ...

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        """Do writes that travel together; in order what they give.

        That is the new length of what was appended to, 1 for a hold that is settled or 0 where nothing was held any
        more, and None for the others, as for an append to what was not as expected. Each is durable on return, each may
        happen when another one fails, and nobody says in what order they do.
        """
        ...

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        """Hold units of counters, each by itself; calls of one loop tick travel together."""
        ...

    async def count(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """How many units of each counter are taken for good, and how many are held now.

        What is taken is also the counter's value, as digits, for `get_many`.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> int:
        """Delete keys; returns how many existed."""
        ...

    def keys(self, prefix: str) -> AsyncIterator[list[str]]:
        """All keys that begin so, many at a time, on every node of a cluster.

        One that comes or goes meanwhile may be among them or not, and any may come more than once.
        """
        ...

    async def add_members(self, key: str, members: Sequence[str]) -> None:
        """Add to a set of strings."""
        ...

    async def remove_members(self, key: str, members: Sequence[str]) -> None:
        """Remove from a set of strings."""
        ...

    async def members(self, key: str) -> set[str]:
        """All members of a set of strings."""
        ...

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        """Append an entry to a log, durable on return; calls of one loop tick travel together."""
        ...

    async def read_log(self, log: str, after: Position, limit: int) -> list[tuple[Position, bytes]]:
        """Up to `limit` entries that follow a position, in order."""
        ...

    async def trim_log(self, log: str, through: Position) -> None:
        """Drop every entry up to and with a position."""
        ...

    async def log_length(self, log: str) -> int:
        """How many entries the log holds."""
        ...

    async def ping(self) -> None:
        """Return when the store answers."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


async def followed(store: Store, length: int | None, *writes: Write) -> int | None:
    """The length that `append` gave, with writes after it if it appended; raises `Unfinished` when they may fail."""
    if length is not None:
        try:
            await store.write(writes)
        except Unavailable as error:
            raise Unfinished(str(error)) from error
    return length
