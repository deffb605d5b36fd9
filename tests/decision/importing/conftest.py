"""An import desk over the store in memory, with the small workspace, and a sink that moves what it journals."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from decision.importing.desk import Import, ImportDesk
from decision.importing.memory import JournalMemory
from decision.importing.report import BadRow
from decision.importing.rows import open_rows
from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.record import Record, decode_record, encode_record
from decision.journal.sink import Sink
from decision.service.decision_index import DecisionIndex
from decision.service.intake import Intake
from decision.service.marks import Marks
from decision.service.refreshing import Refresher
from decision.store.memory import MemoryStore
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from decision.version.registry import Registry
from rules.ids import Instant
from tests.decision.small_workspace import NOW, small_snapshot

REPEAT_DAYS = 35
DAY = 86_400_000


class Office:
    """One store and data folder; each import is a run of its own, as each command is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.store = MemoryStore(lambda: self.now / 1000)
        self.profiles = Profiles(self.store, 90, REPEAT_DAYS)
        self.contacts = Contacts(self.store, 90, REPEAT_DAYS)
        self.identities = Identities(self.store, 90)
        self.journal = Journal(self.store, folder / "data")

    def clock(self) -> Instant:
        return self.now

    def desk(self) -> ImportDesk:
        registry = Registry(self.store)
        refresher = Refresher(registry, self.clock)
        refresher.snapshot = small_snapshot()
        index, marks = DecisionIndex(self.store, 90), Marks(self.store, REPEAT_DAYS, 90)
        return ImportDesk(
            snapshot=refresher.snapshot,
            intake=Intake(
                refresher, self.identities, self.profiles, self.contacts, index, marks, self.journal, self.clock
            ),
            identities=self.identities,
            states=SubjectStates(self.store),
            profiles=self.profiles,
            contacts=self.contacts,
            journal=self.journal,
            memory=JournalMemory(self.folder / "data", self.clock, REPEAT_DAYS * DAY),
            clock=self.clock,
        )

    async def settle(self) -> None:
        async with Sink(self.store, self.folder / "data") as sink:
            await sink.drain()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    async def run(self, kind: str, mapping: str, rows: str | Path, parts: int | None = None) -> "Told":
        """One import, ended after so many parts; what is journalled is moved into segments afterwards."""
        file = open_rows(rows if isinstance(rows, Path) else self.write("rows.csv", rows))
        desk = self.desk()
        make: dict[str, Callable[[Path, Sequence[str]], Import]] = {
            "customers": desk.customers,
            "events": desk.events,
            "decisions": desk.decisions,
        }
        taking = make[kind](self.write("mapping.toml", mapping), file.columns)
        taken, repeated, bad = 0, 0, list[BadRow]()
        number = 0
        async for part in taking.take(file):
            taken, repeated = taken + part.taken, repeated + part.repeated
            bad += part.bad
            number += 1
            if number == parts:
                break
        desk.memory.close()
        await self.settle()
        return Told(taken, repeated, tuple(str(row) for row in bad))

    def records(self) -> list[Record]:
        """What readers of the journal see."""
        with open_journal(self.folder / "data") as journal:
            rows: Sequence[tuple[bytes]] = journal.execute("SELECT entry FROM journal ORDER BY record, id").fetchall()
        return [decode_record(entry) for (entry,) in rows]

    def state(self) -> tuple[dict[str, bytes], list[bytes]]:
        """Everything that an import may change: what is known of subjects, and the journal."""
        values = {key: value for key, value in vars(self.store)["_values"].items() if not key.startswith("journal:")}
        # When a record was written is no part of what it says.
        return values, [encode_record(msgspec.structs.replace(record, written=Instant(0))) for record in self.records()]


class Told(msgspec.Struct, frozen=True):
    """What an import said."""

    taken: int
    repeated: int
    bad: tuple[str, ...] = ()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)
