"""A journal on disk, as the sink writes it."""

from collections.abc import Iterable
from pathlib import Path

from decision.journal.journal import Journal
from decision.journal.record import Record
from decision.journal.sink import Sink
from decision.store.port import Store


async def write_journal(store: Store, folder: Path, records: Iterable[Record]) -> None:
    """Append records to the log and move them into segments."""
    journal = Journal(store, folder)
    for record in records:
        await journal.append(record)
    async with Sink(store, folder) as sink:
        await sink.drain()
