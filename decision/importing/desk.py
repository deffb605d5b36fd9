"""Imports into one store: made for a mapping and a file, ready to take the file's rows."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from decision.engine.snapshot import Snapshot
from decision.importing.checking import check_customers, check_decisions, check_events
from decision.importing.customers import CustomerImport
from decision.importing.decision_row import DecisionRows
from decision.importing.decisions import DecisionImport
from decision.importing.events import EventImport
from decision.importing.mapping import CustomerMapping, DecisionMapping, EventMapping, read_mapping
from decision.importing.memory import JournalMemory
from decision.importing.recording import Recording
from decision.importing.report import Progress
from decision.importing.rows import Row
from decision.journal.journal import Journal
from decision.service.admission import served
from decision.service.intake import Intake
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from rules.ids import Instant


class Import(Protocol):
    """Something that takes rows of one kind."""

    def take(self, rows: Iterable[Row]) -> AsyncIterator[Progress]:
        """Take rows, and tell what became of some whenever it pauses; it may be left there for good."""
        ...


class ImportDesk(msgspec.Struct, frozen=True, eq=False):
    """What every import needs; each method raises `Invalid` for a mapping that fits neither workspace nor columns."""

    snapshot: Snapshot | None
    intake: Intake
    identities: Identities
    states: SubjectStates
    profiles: Profiles
    contacts: Contacts
    journal: Journal
    memory: JournalMemory
    clock: Callable[[], Instant]

    def customers(self, mapping: Path, columns: Sequence[str]) -> CustomerImport:
        """An import of customers."""
        workspace = served(self.snapshot).catalogue.workspace
        read = read_mapping(mapping.read_bytes(), CustomerMapping, str(mapping))
        check_customers(read, workspace, str(mapping), columns)
        return CustomerImport(read, workspace, self.profiles, self.journal, self.memory, self.clock)

    def events(self, mapping: Path, columns: Sequence[str]) -> EventImport:
        """An import of events."""
        workspace = served(self.snapshot).catalogue.workspace
        read = read_mapping(mapping.read_bytes(), EventMapping, str(mapping))
        check_events(read, workspace, str(mapping), columns)
        return EventImport(read, workspace, self.intake, self.memory, self.clock)

    def decisions(self, mapping: Path, columns: Sequence[str]) -> DecisionImport:
        """An import of past decisions."""
        snapshot = served(self.snapshot)
        read = read_mapping(mapping.read_bytes(), DecisionMapping, str(mapping))
        check_decisions(read, snapshot.catalogue, str(mapping), columns)
        return DecisionImport(
            DecisionRows(read, snapshot.catalogue, snapshot.rows, self.clock),
            snapshot,
            self.identities,
            self.states,
            self.profiles,
            self.contacts,
            self.journal,
            self.memory,
            Recording(snapshot, self.clock),
        )
