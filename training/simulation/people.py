"""Who was decided for: the journal's decisions by person, everybody's in one chunk, in the order they were made."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from rules.ids import Instant, PlacementId
from training.material.kin import kin_of, register_kin

CHUNK = 2_000
"""Decisions of a chunk, about: a second's work or so."""

Decisions = list[tuple[str, bytes]]
"""Persons and entries of the journal: all of a person's one after another."""

_MEANT = """
record = 'decision' AND decision.source = 'live'
AND ($since IS NULL OR "at" >= $since) AND ($until IS NULL OR "at" < $until)
AND ($placements IS NULL OR list_contains($placements, decision.placement))
"""

_ORDERED = f"""
SELECT hash(person) % $chunks AS chunk, person, entry
FROM (
    SELECT coalesce(kin.person, own.name) AS person, own.written, own.id, own.entry
    FROM (
        SELECT CASE WHEN customer IS NOT NULL THEN 'c:' || customer
                    WHEN visitor IS NOT NULL THEN 'v:' || visitor ELSE 'd:' || id END AS name,
               written, id, entry
        FROM journal WHERE {_MEANT}
    ) AS own LEFT JOIN kin ON kin.name = own.name
)
ORDER BY chunk, person, written, id
"""


class Scope(msgspec.Struct, frozen=True):
    """Which decisions are meant: from `since` to before `until`, of all placements where none is named."""

    since: Instant | None = None
    until: Instant | None = None
    placements: tuple[PlacementId, ...] = ()


class People:
    """The decisions of a journal in chunks of whole persons; each chunk is held until it is let go.

    `spill` is a folder for what does not fit into memory, or is to be read by other processes.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, scope: Scope, spill: Path) -> None:
        self.scope = scope
        self.spill = spill
        connection.execute(f"SET temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")
        self._connection = connection
        self._asked = {"since": scope.since, "until": scope.until, "placements": list(scope.placements) or None}
        self.decisions = self.since(None)
        self._chunks = max(-(-self.decisions // CHUNK), 1) if self.decisions else 0
        self._held: dict[int, Decisions] = {}
        self._read_to = 0
        self._following: Iterator[tuple[int, Decisions]] | None = None
        self._next: tuple[int, Decisions] | None = None
        if self.decisions:
            register_kin(connection, kin_of(connection))

    def since(self, begin: Instant | None) -> int:
        """How many decisions are from this moment on, or all."""
        asked = {**self._asked, "begin": begin}
        query = f'SELECT count(*) FROM journal WHERE {_MEANT} AND ($begin IS NULL OR "at" >= $begin)'
        ((found,),) = self._connection.execute(query, asked).fetchall()
        return int(found)

    def __len__(self) -> int:
        return self._chunks

    def chunk(self, number: int) -> Decisions:
        """The decisions of a chunk, which may be none; chunks that precede one are read first."""
        if self._following is None:
            # Not before it is needed: what else is asked of the connection would end it.
            reader = self._connection.sql(_ORDERED, params={**self._asked, "chunks": self._chunks})
            self._following = _chunks(reader.to_arrow_reader(CHUNK))
            self._next = next(self._following, None)
        while number >= self._read_to:
            held: Decisions = []
            if self._next is not None and self._next[0] == self._read_to:
                held = self._next[1]
                self._next = next(self._following, None)
            self._held[self._read_to] = held
            self._read_to += 1
        return self._held[number]

    def let_go(self, number: int) -> None:
        """A chunk that is done is not needed any more."""
        del self._held[number]


def _chunks(reader: pa.RecordBatchReader | None) -> Iterator[tuple[int, Decisions]]:
    number, held = -1, Decisions()
    for batch in reader or ():
        for chunk, person, entry in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if chunk != number:
                if held:
                    yield number, held
                number, held = chunk, []
            held.append((person, entry))
    if held:
        yield number, held
