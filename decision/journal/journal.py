"""The journal: every record is appended to a log in the store, from where the sink moves it into segments."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from decision.journal.bundle import bundled
from decision.journal.folder import JournalFolder
from decision.journal.record import DecisionRecord, Record, encode_record
from decision.journal.search import search_later_log, search_log, search_segments
from decision.keys import JOURNAL
from decision.store.port import Entry, Position, Store
from rules.ids import DecisionId


def journal_entry(record: bytes) -> Entry:
    """What appends an encoded record, among other writes."""
    return Entry(JOURNAL, record)


def journal_entries(records: Iterable[bytes]) -> list[Entry]:
    """What appends many encoded records, in order."""
    return [Entry(JOURNAL, entry) for entry in bundled(records)]


class Journal:
    """Append-only record of what was decided, what became of it, and what changed.

    `data` is the data folder; records that have left the log are read from the segments in it.
    """

    def __init__(self, store: Store, data: Path) -> None:
        self._store = store
        self._folder = JournalFolder(data)

    async def append(self, record: Record) -> Position:
        """Append a record; returns once it is durable."""
        return await self._store.add_to_log(JOURNAL, encode_record(record))

    async def find(self, id: DecisionId, known: bool = True) -> DecisionRecord | None:
        """The record of a decision, or None; one that another system made is found once it is in a segment.

        One that is not `known` to the index is not worth a search through the log, nor through all that a campaign may
        have written since.
        """
        # In this order a record that the sink moves meanwhile cannot be missed: it is in a segment before it leaves.
        found = await search_log(self._store, id) if known else None
        found = found or await asyncio.to_thread(search_segments, self._folder, id)
        if found is None and known:
            found = await search_later_log(self._store, id)
            found = found or await asyncio.to_thread(search_segments, self._folder, id, later=True)
        return found
