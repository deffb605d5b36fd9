"""Imports of one store: made for a mapping, ready to take rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from decision.admission import served
from decision.contacts import Contacts
from decision.importing.customers import CustomerImport
from decision.importing.decision_row import DecisionRows
from decision.importing.decisions import DecisionImport
from decision.importing.events import EventImport
from decision.importing.mapping import CustomerMapping, DecisionMapping, EventMapping, read_mapping
from decision.importing.memory import JournalMemory
from decision.importing.report import Progress
from decision.importing.rows import Row
from decision.intake import Intake
from decision.journal.journal import Journal
from decision.profile.repository import Profiles
from decision.refreshing import Refresher
from decision.subject_state import SubjectStates
from rules.ids import Instant


class Import(Protocol):
    """Something that takes rows of one kind."""

    async def take(self, rows: list[Row]) -> Progress:
        """Take one chunk of rows; the good ones are durable when this returns."""
        ...


class ImportDesk(msgspec.Struct, frozen=True, eq=False):
    """What every import needs."""

    refresher: Refresher
    intake: Intake
    states: SubjectStates
    profiles: Profiles
    contacts: Contacts
    journal: Journal
    memory: JournalMemory
    clock: Callable[[], Instant]

    def customers(self, mapping: Path) -> CustomerImport:
        """An import of customers; raises `Invalid` for a bad mapping."""
        workspace = served(self.refresher.snapshot).catalogue.workspace
        read = read_mapping(mapping.read_bytes(), CustomerMapping, str(mapping))
        return CustomerImport(read, workspace, self.profiles, self.journal, self.clock)

    def events(self, mapping: Path) -> EventImport:
        """An import of events; raises `Invalid` for a bad mapping."""
        workspace = served(self.refresher.snapshot).catalogue.workspace
        read = read_mapping(mapping.read_bytes(), EventMapping, str(mapping))
        return EventImport(read, workspace, self.intake, self.memory, self.clock)

    def decisions(self, mapping: Path) -> DecisionImport:
        """An import of past decisions; raises `Invalid` for a bad mapping."""
        snapshot = served(self.refresher.snapshot)
        read = read_mapping(mapping.read_bytes(), DecisionMapping, str(mapping))
        rows = DecisionRows(read, snapshot.catalogue, snapshot.rows)
        return DecisionImport(
            rows, snapshot, self.states, self.profiles, self.contacts, self.journal, self.memory, self.clock
        )
