"""What one id counts within, told alike by intake and by the journal's readers."""

from pathlib import Path

import msgspec

from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.record import EventRecord, OutcomeRecord, Record, decode_record
from decision.journal.record_scope import SCOPE, scope_of
from decision.journal.sink import Sink
from decision.store.memory import MemoryStore
from rules.ids import CustomerId, VisitorId
from tests.decision.journal.records import change, decision, event, outcome

OTHER = msgspec.structs.replace(event("1"), visitor=VisitorId("v2"))
NAMED = msgspec.structs.replace(event("1"), visitor=None, customer=CustomerId("v1"))
LINKED = msgspec.structs.replace(event("1"), customer=CustomerId("ann"))


async def test_the_same_id_of_others_is_another_record(tmp_path: Path) -> None:
    store = MemoryStore()
    kept: list[Record] = [event("1"), OTHER, NAMED, outcome("1", "d1"), outcome("1", "d2"), decision("1"), change("1")]
    again: list[Record] = [LINKED, OTHER, NAMED, outcome("1", "d2"), decision("1")]
    for record in kept + again:
        await Journal(store, tmp_path).append(record)
    async with Sink(store, tmp_path, records=5) as sink:
        await sink.drain()
    with open_journal(tmp_path) as journal:
        found = journal.execute(f"SELECT entry, {SCOPE} FROM journal").fetchall()
    read = {scope: decode_record(entry) for entry, scope in found if scope}
    assert len(found) == len(kept)
    assert read.keys() == {"v:v1", "v:v2", "c:v1", "d1", "d2"}
    for scope, record in read.items():
        assert isinstance(record, EventRecord | OutcomeRecord)
        assert scope_of(record) == scope
    assert read["v:v1"] == event("1")
