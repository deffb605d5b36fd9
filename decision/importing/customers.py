"""Imports customers: mapped attributes and consents are set, everything else about the customer stays."""

import asyncio
from collections.abc import Callable, Sequence

from decision.importing.cells import TRUTH, Cells
from decision.importing.mapping import CustomerMapping
from decision.importing.report import BadRow, Progress
from decision.importing.row_id import RowIds
from decision.importing.rows import Row
from decision.journal.journal import Journal
from decision.journal.record import ProfileRecord
from decision.keys import customer_subject
from decision.profile.changing import patch_profile
from decision.profile.profile import EMPTY_PROFILE, AttributeValue, Profile, encode_profile
from decision.profile.repository import Profiles
from rules.errors import Fault
from rules.ids import CustomerId, Instant
from rules.workspace import Workspace


class CustomerImport:
    """Takes rows of customers; a row that changes nothing counts as repeated."""

    def __init__(
        self,
        mapping: CustomerMapping,
        workspace: Workspace,
        profiles: Profiles,
        journal: Journal,
        clock: Callable[[], Instant],
    ) -> None:
        self._mapping = mapping
        self._workspace = workspace
        self._profiles = profiles
        self._journal = journal
        self._clock = clock
        self._ids = RowIds()

    async def take(self, rows: Sequence[Row]) -> Progress:
        """Take one chunk of rows; the good ones are durable when this returns."""
        bad: list[BadRow] = []
        wanted: list[tuple[CustomerId, dict[str, AttributeValue], dict[str, bool], str]] = []
        for row in rows:
            cells = Cells(row)
            customer = cells.text(self._mapping.id)
            if customer is None and not cells.faults:
                cells.faults.append(Fault(self._mapping.id, "is missing; every customer needs an id"))
            found = cells.values(self._workspace.attributes.customer, self._mapping.attributes, "attributes")
            consents = {name: cells.value(TRUTH, field) for name, field in self._mapping.consents.items()}
            if cells.faults or customer is None:
                bad.append(BadRow(row.line, tuple(cells.faults)))
                continue
            attributes = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
            given = {name: bool(value) for name, value in consents.items() if value is not None}
            wanted.append((CustomerId(customer), attributes, given, self._ids.id_of(row, None)))
        stored = await self._profiles.load([customer_subject(customer) for customer, *_ in wanted])
        changes = [
            self._change(customer, attributes, consents, id)
            for (customer, attributes, consents, id), old in zip(wanted, stored, strict=True)
            if old is None or patch_profile(old, attributes, consents) != old
        ]
        await asyncio.gather(*changes)
        return Progress(len(changes), len(wanted) - len(changes), tuple(bad))

    async def _change(
        self, customer: CustomerId, attributes: dict[str, AttributeValue], consents: dict[str, bool], id: str
    ) -> None:
        def patched(profile: Profile) -> Profile:
            return patch_profile(profile, attributes, consents)

        changed = await self._profiles.change(customer_subject(customer), patched)
        blob = encode_profile(changed or EMPTY_PROFILE)
        await self._journal.append(ProfileRecord(f"import:{id}", self._clock(), customer, "patch", blob))
