"""The journal's live decisions in pages, those of one catalogue and model together: snapshots are built once."""

from collections.abc import Iterator

import duckdb
import msgspec

from rules.ids import Instant

PAGE = 1_000
"""Decisions of a page: about a second's work, which is what a bar moves by and what a process that dies costs."""

_LIVE = """
FROM journal
WHERE record = 'decision' AND decision.source = 'live'
  AND ($since IS NULL OR written >= $since) AND ($until IS NULL OR written < $until)
"""
_GROUPS = f"""
SELECT decision.catalogue AS catalogue, decision.model AS model, count(*) {_LIVE}
GROUP BY ALL ORDER BY min(written), catalogue, model
"""
_ENTRIES = f"""
SELECT entry {_LIVE} AND decision.catalogue = $catalogue AND decision.model IS NOT DISTINCT FROM $model
"""


class Stretch(msgspec.Struct, frozen=True):
    """How many decisions were made with one catalogue and one model (None: without)."""

    catalogue: str
    model: str | None
    decisions: int

    @property
    def pages(self) -> int:
        """How many pages they fill."""
        return -(-self.decisions // PAGE)


class Pages:
    """The pages of decisions written from `since` on and before `until`; each is held until it is let go."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, since: Instant | None, until: Instant | None) -> None:
        self._connection = connection
        self._asked = {"since": since, "until": until}
        found = connection.execute(_GROUPS, self._asked).fetchall()
        self.stretches = [Stretch(catalogue, model, decisions) for catalogue, model, decisions in found]
        self._following = self._read()
        self._held: dict[int, list[bytes]] = {}
        self._read_to = 0

    def __len__(self) -> int:
        return sum(stretch.pages for stretch in self.stretches)

    @property
    def decisions(self) -> int:
        """How many decisions there are."""
        return sum(stretch.decisions for stretch in self.stretches)

    def page(self, number: int) -> list[bytes]:
        """The entries of a page; a page that was never asked for is not asked for before those that precede it."""
        while number >= self._read_to:
            self._held[self._read_to] = next(self._following)
            self._read_to += 1
        return self._held[number]

    def let_go(self, number: int) -> None:
        """A page that is done is not needed any more."""
        del self._held[number]

    def _read(self) -> Iterator[list[bytes]]:
        for stretch in self.stretches:
            asked = {**self._asked, "catalogue": stretch.catalogue, "model": stretch.model}
            reader = self._connection.sql(_ENTRIES, params=asked).to_arrow_reader(PAGE)
            page: list[bytes] = []
            for batch in reader or ():
                for entry in batch.column(0).to_pylist():
                    page.append(entry or b"")
                    if len(page) == PAGE:
                        yield page
                        page = []
            if page:
                yield page
