"""Writes down what was decided: journal record, index entry and contacts in one ask."""

from collections.abc import Sequence

from decision.journal.journal import journal_entry
from decision.keys import SubjectId
from decision.service.decision_index import DecisionIndex
from decision.store.port import Store, Write
from decision.subject.contacts import Contacts
from rules.ids import DecisionId


class Recorder:
    """Writes decisions to the journal, to the index for their outcomes, and to contact histories."""

    def __init__(self, store: Store, index: DecisionIndex, contacts: Contacts) -> None:
        self._store = store
        self._index = index
        self._contacts = contacts

    async def record(
        self, id: DecisionId, record: bytes, entry: bytes, owner: SubjectId | None, contacts: Sequence[bytes]
    ) -> None:
        """Write a record and an index entry, and the contacts that `owner` (None: nobody) has not got yet.

        Returns once all is durable; raises `Unavailable` when anything of it may not be.
        """
        writes: list[Write] = [journal_entry(record), self._index.entry(id, entry)]
        if owner is not None:
            writes.append(self._contacts.addition(owner, contacts))
        *_, length = await self._store.write(writes)
        if owner is not None:
            await self._contacts.cut_if_long(owner, length)
