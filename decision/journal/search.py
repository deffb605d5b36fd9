"""Looks one decision up: in the log by the time in its id, then in the segments."""

import pyarrow.parquet as pq

from decision.decision_id import IMPORTED, decision_time
from decision.journal.bundle import records_in
from decision.journal.folder import JournalFolder, Segment
from decision.journal.record import DecisionRecord, decode_record
from decision.keys import JOURNAL
from decision.store.port import Position, Store, position_key
from rules.ids import DecisionId, Instant

SKEW = 30_000
"""Milliseconds by which the clocks of a worker and of the store may differ, and an append may take."""

LEAD = 20
"""Milliseconds before its id's time in which an entry is looked for first."""

PAGE = 50
"""Entries per read: each is a record or a bundle of some."""


async def search_log(store: Store, id: DecisionId) -> DecisionRecord | None:
    """The decision's record while the log holds it; None for an id without a time in it."""
    made = decision_time(id)
    if made is None:
        return None
    # Nearly always the entry follows the id's time at once; only clocks that differ put it before.
    found = await _between(store, id, made - LEAD, made + SKEW)
    return found or await _between(store, id, made - SKEW, made - LEAD)


async def search_later_log(store: Store, id: DecisionId) -> DecisionRecord | None:
    """The same for a decision of a campaign: its id has the campaign's moment, and it was written some time later."""
    made = decision_time(id)
    return None if made is None else await _between(store, id, made + SKEW, None)


async def _between(store: Store, id: DecisionId, start: int, end: int | None) -> DecisionRecord | None:
    after = Position(f"{max(start, 0)}-0")
    while True:
        page = await store.read_log(JOURNAL, after, PAGE)
        for position, entry in page:
            if end is not None and position_key(position)[0] > end:
                return None
            if (record := _match(entry, id)) is not None:
                return record
        if len(page) < PAGE:
            return None
        after = page[-1][0]


def search_segments(folder: JournalFolder, id: DecisionId, later: bool = False) -> DecisionRecord | None:
    """The decision's record in the segments; blocks on the disk.

    For an imported decision every segment is looked through, for there is no time in its id, and `later` for one of a
    campaign those that follow its moment.
    """
    made = decision_time(id)
    if made is None and not id.startswith(IMPORTED):
        return None
    try:
        return _search(folder.segments(), id, made, later)
    except FileNotFoundError:
        # A compaction replaced what we had listed.
        return _search(folder.segments(), id, made, later)


def _search(segments: list[Segment], id: DecisionId, made: Instant | None, later: bool) -> DecisionRecord | None:
    for segment in segments:
        first, last = position_key(segment.first)[0], position_key(segment.last)[0]
        if made is not None and ((first > made + SKEW and not later) or last < made - SKEW):
            continue
        table = pq.read_table(
            segment.path, columns=["entry"], filters=[("id", "=", id), ("record", "=", "decision")], partitioning=None
        )
        for entry in table.column("entry").to_pylist():
            if (record := _match(entry or b"", id)) is not None:
                return record
    return None


def _match(entry: bytes, id: DecisionId) -> DecisionRecord | None:
    # Decoding every record would cost more than looking for the id among its bytes first.
    if id.encode() not in entry:
        return None
    for blob in records_in(entry):
        record = decode_record(blob) if id.encode() in blob else None
        if isinstance(record, DecisionRecord) and record.id == id:
            return record
    return None
