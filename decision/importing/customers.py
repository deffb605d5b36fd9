"""Imports customers: mapped attributes and consents are set, everything else about the customer stays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import islice

import msgspec

from decision.importing.cells import Cells
from decision.importing.mapping import CustomerMapping
from decision.importing.memory import JournalMemory
from decision.importing.report import BadRow, Progress
from decision.importing.row_id import content_digest
from decision.importing.rows import Row
from decision.journal.journal import Journal
from decision.journal.record import ProfileRecord
from decision.keys import customer_subject
from decision.subject.changing import patch_profile
from decision.subject.profile import EMPTY_PROFILE, AttributeValue, Profile, as_stored, encode_profile
from decision.subject.profiles import Profiles
from rules.errors import Fault
from rules.ids import CustomerId, Instant
from rules.workspace import Workspace

CHUNK = 500
"""Rows that are read, checked and written together; more would wait for each other longer than the store allows."""


class _Wanted(msgspec.Struct, frozen=True):
    """What a row says of a customer, and the id of the record of its change."""

    id: str
    customer: CustomerId
    attributes: dict[str, AttributeValue]
    consents: dict[str, bool]

    def patched(self, profile: Profile) -> Profile:
        return patch_profile(profile, self.attributes, self.consents)


class CustomerImport:
    """Takes rows of customers; a row that changes nothing, and is in the journal, counts as repeated.

    The record follows the change, for it holds the profile after it; when an import ends in between, the next one
    finds the change made but no record, and writes it.
    """

    def __init__(
        self,
        mapping: CustomerMapping,
        workspace: Workspace,
        profiles: Profiles,
        journal: Journal,
        memory: JournalMemory,
        clock: Callable[[], Instant],
    ) -> None:
        self._mapping = mapping
        self._workspace = workspace
        self._profiles = profiles
        self._journal = journal
        self._memory = memory
        self._clock = clock
        self._lines: dict[CustomerId, tuple[int, bytes]] = {}

    async def take(self, rows: Iterable[Row]) -> AsyncIterator[Progress]:
        """Take rows; those told of are durable, and the others not begun, whenever it pauses."""
        waiting = iter(rows)
        while chunk := list(islice(waiting, CHUNK)):
            yield await self._take(chunk)

    async def _take(self, rows: Sequence[Row]) -> Progress:
        read = [self._read(row) for row in rows]
        wanted = [found for found in read if isinstance(found, _Wanted)]
        stored = await self._profiles.load([customer_subject(one.customer) for one in wanted])
        recorded = self._memory.profiles([one.id for one in wanted])
        changes = [
            self._change(one, again=one.id in recorded)
            for one, old in zip(wanted, stored, strict=True)
            if old is None or one.patched(old) != old or one.id not in recorded
        ]
        await asyncio.gather(*changes)
        bad = tuple(found for found in read if isinstance(found, BadRow))
        return Progress(len(changes), len(rows) - len(changes) - len(bad), bad)

    def _read(self, row: Row) -> _Wanted | BadRow | None:
        """What a row wants; None when an equal one came before."""
        cells, mapping = Cells(row), self._mapping
        customer = cells.person(mapping.id)
        if customer is None and not cells.faults:
            cells.fault(mapping.id, "is missing; give every customer an id")
        found = cells.values(self._workspace.attributes.customer, mapping.attributes)
        consents = {name: cells.truth(field) for name, field in mapping.consents.items()}
        if cells.faults or customer is None:
            return BadRow(row.line, tuple(cells.faults))
        attributes = as_stored(found)
        given = {name: consent for name, consent in consents.items() if consent is not None}
        digest = content_digest((attributes, given))
        line, before = self._lines.setdefault(CustomerId(customer), (row.line, digest))
        if line != row.line:
            said = f"{customer!r} was on line {line} already, and not the same; keep one line for each customer"
            return None if before == digest else BadRow(row.line, (Fault(mapping.id, said),))
        return _Wanted(f"import:{customer}:{digest.hex()}", CustomerId(customer), attributes, given)

    async def _change(self, wanted: _Wanted, again: bool) -> None:
        changed = await self._profiles.change(customer_subject(wanted.customer), wanted.patched)
        now = self._clock()
        # What an earlier import of the row changed was changed back since, so this is a change of its own.
        id = f"{wanted.id}:{now}" if again else wanted.id
        blob = encode_profile(changed or EMPTY_PROFILE)
        await self._journal.append(ProfileRecord(id, now, wanted.customer, "patch", blob))
