"""Imports events: each counts once in the subject's profile, however often its file is imported."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import islice

from decision.importing.cells import Cells
from decision.importing.mapping import EventMapping
from decision.importing.memory import JournalMemory
from decision.importing.report import BadRow, Progress
from decision.importing.row_id import RowIds
from decision.importing.rows import Row
from decision.journal.record import EventRecord
from decision.journal.record_scope import scope_of
from decision.service.intake import Intake
from decision.subject.profile import as_stored
from rules.ids import CustomerId, Instant, VisitorId
from rules.workspace import Workspace

CHUNK = 5_000
"""Rows that are read, checked and written together; events of one subject among them are one change."""


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

    async def take(self, rows: Iterable[Row]) -> AsyncIterator[Progress]:
        """Take rows; those told of are durable, and the others not begun, whenever it pauses."""
        waiting = iter(rows)
        while chunk := list(islice(waiting, CHUNK)):
            yield await self._take(chunk)

    async def _take(self, rows: Sequence[Row]) -> Progress:
        read = [self._read(row) for row in rows]
        records = [found for found in read if isinstance(found, EventRecord)]
        old = self._memory.forgotten_events(records)
        new = [record for record in records if (record.id, scope_of(record)) not in old]
        receipt = await self._intake.record_events(new)
        bad = tuple(found for found in read if isinstance(found, BadRow))
        return Progress(receipt.accepted, receipt.repeated + len(records) - len(new), bad)

    def _read(self, row: Row) -> EventRecord | BadRow:
        cells, mapping = Cells(row), self._mapping
        id = self._ids.id_of(row, cells.name(mapping.id))
        kind, at = cells.name(mapping.kind), cells.moment(mapping.at, self._clock())
        customer, visitor = cells.person(mapping.customer), cells.person(mapping.visitor)
        values = cells.values(self._workspace.attributes.event, mapping.attributes)
        worth = cells.worth(mapping.value)
        if not cells.faults:
            if kind is None:
                cells.fault(mapping.kind, "is missing; give every event a kind")
            if at is None:
                cells.fault(mapping.at, "is missing; give every event its moment")
            if customer is None and visitor is None:
                cells.fault(mapping.customer or mapping.visitor, "is missing; give every event a customer or a visitor")
        if cells.faults or kind is None or at is None:
            return BadRow(row.line, tuple(cells.faults))
        return EventRecord(
            id=id,
            written=self._clock(),
            at=at,
            customer=None if customer is None else CustomerId(customer),
            visitor=None if visitor is None else VisitorId(visitor),
            kind=kind,
            attributes=as_stored(values),
            value=worth,
        )
