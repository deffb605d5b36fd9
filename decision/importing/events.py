"""Imports events: each counts once in the subject's profile, however often its file is imported."""

from collections.abc import Callable, Sequence

from decision.importing.cells import Cells
from decision.importing.mapping import EventMapping
from decision.importing.memory import JournalMemory
from decision.importing.report import BadRow, Progress
from decision.importing.row_id import RowIds
from decision.importing.rows import Row
from decision.intake import Intake
from decision.journal.record import EventRecord
from rules.errors import Fault
from rules.ids import CustomerId, Instant, VisitorId
from rules.workspace import Workspace


class EventImport:
    """Takes rows of events.

    The store remembers recent event ids, the journal all of them: an id that the journal has held for longer than the
    store remembers is left out here, any other is decided by the store's mark.
    """

    def __init__(
        self,
        mapping: EventMapping,
        workspace: Workspace,
        intake: Intake,
        memory: JournalMemory,
        clock: Callable[[], Instant],
    ) -> None:
        self._mapping = mapping
        self._workspace = workspace
        self._intake = intake
        self._memory = memory
        self._clock = clock
        self._ids = RowIds()

    async def take(self, rows: Sequence[Row]) -> Progress:
        """Take one chunk of rows; the good ones are durable when this returns."""
        bad: list[BadRow] = []
        records: list[EventRecord] = []
        for row in rows:
            read = self._read(row)
            if isinstance(read, BadRow):
                bad.append(read)
            else:
                records.append(read)
        old = self._memory.forgotten_events([record.id for record in records])
        new = [record for record in records if record.id not in old]
        receipt = await self._intake.record_events(new)
        return Progress(receipt.accepted, receipt.repeated + len(records) - len(new), tuple(bad))

    def _read(self, row: Row) -> EventRecord | BadRow:
        cells, mapping = Cells(row), self._mapping
        kind, at = cells.text(mapping.kind), cells.moment(mapping.at)
        customer = cells.text(mapping.customer)
        visitor = cells.text(mapping.visitor)
        values = cells.values(self._workspace.attributes.event, mapping.attributes, "attributes")
        worth = cells.number(mapping.value)
        id = self._ids.id_of(row, cells.text(mapping.id))
        if not cells.faults:
            cells.faults.extend(_absences(kind, at, customer or visitor))
        if cells.faults or kind is None or at is None:
            return BadRow(row.line, tuple(cells.faults))
        return EventRecord(
            id=id,
            written=self._clock(),
            at=at,
            customer=None if customer is None else CustomerId(customer),
            visitor=None if visitor is None else VisitorId(visitor),
            kind=kind,
            attributes={name: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
            value=worth,
        )


def _absences(kind: str | None, at: Instant | None, subject: str | None) -> list[Fault]:
    found = {"kind": kind, "at": at, "customer or visitor": subject}
    return [Fault(name, "is missing; the mapping names its column") for name, value in found.items() if value is None]
