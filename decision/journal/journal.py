"""The journal: every record is appended to a log in the store, from where the sink moves it into segments."""

from pathlib import Path

from decision.decision_id import decision_time
from decision.journal.record import DecisionRecord, Record, decode_record, encode_record
from decision.keys import JOURNAL
from decision.store.port import Position, Store, position_key
from rules.ids import DecisionId

SKEW = 10_000
"""Milliseconds by which the store's clock and the clock in an id may differ, and an append may take."""

PAGE = 500


class Journal:
    """Append-only record of what was decided, what became of it, and what changed.

    `folder` is the data folder; records too old for the log are read from the segments in it.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    async def append(self, record: Record) -> Position:
        """Append a record; returns once it is durable."""
        return await self._store.add_to_log(JOURNAL, encode_record(record))

    async def find(self, id: DecisionId) -> DecisionRecord | None:
        """The record of a decision: from the log while it is there, then from the segments."""
        return await self._in_log(id)

    async def _in_log(self, id: DecisionId) -> DecisionRecord | None:
        made = decision_time(id)
        if made is None:
            return None
        after = Position(f"{max(made - SKEW, 0)}-0")
        while True:
            page = await self._store.read_log(JOURNAL, after, PAGE)
            for position, entry in page:
                if position_key(position)[0] > made + SKEW:
                    return None
                # Decoding every record would cost more than looking for the id among its bytes first.
                if id.encode() in entry:
                    record = decode_record(entry)
                    if isinstance(record, DecisionRecord) and record.id == id:
                        return record
            if len(page) < PAGE:
                return None
            after = page[-1][0]
