"""Writes down what was decided: journal record, index entry and contacts in one ask."""

from collections.abc import Sequence

import msgspec

from decision.journal.journal import journal_entry
from decision.keys import SubjectId
from decision.service.decision_index import DecisionIndex
from decision.store.port import Store, Write
from decision.subject.contacts import Contacts
from rules.contact import CONTACT
from rules.ids import DecisionId


class Written(msgspec.Struct, frozen=True):
    """A decision as it is written down: its journal record, its index entry, and the contacts that `owner` has not got.

    `owner` is None when nobody gets any.
    """

    id: DecisionId
    record: bytes
    entry: bytes
    owner: SubjectId | None
    contacts: Sequence[bytes]


class Recorder:
    """Writes decisions to the journal, to the index for their outcomes, and to contact histories."""

    def __init__(self, store: Store, index: DecisionIndex, contacts: Contacts) -> None:
        self._store = store
        self._index = index
        self._contacts = contacts

    async def record(self, *decisions: Written) -> None:
        """Write decisions down; returns once all is durable, raises `Unavailable` when anything of it may not be."""
        writes: list[Write] = []
        owners: list[SubjectId | None] = []
        for decision in decisions:
            writes += (journal_entry(decision.record), self._index.entry(decision.id, decision.entry))
            owners += (None, None)
            if decision.owner is not None:
                writes.append(self._contacts.addition(decision.owner, decision.contacts))
                owners.append(decision.owner)
        for owner, length in zip(owners, await self._store.write(writes), strict=True):
            if owner is not None:
                await self._contacts.cut_if_long(owner, length)

    async def repeat(self, *decisions: Written) -> None:
        """`record` once more, when it is not known what of the first time arrived.

        The journal's view and the index have one record of an id, however often it is written. Contacts that are in
        the history are not added to it again.
        """
        counted = [decision for decision in decisions if decision.owner is not None]
        histories = await self._contacts.load([decision.owner for decision in counted if decision.owner is not None])
        there = {
            decision.id
            for decision, history in zip(counted, histories, strict=True)
            if _holds(history, b"".join(decision.contacts))
        }
        await self.record(
            *(
                msgspec.structs.replace(decision, owner=None) if decision.id in there else decision
                for decision in decisions
            )
        )


def _holds(history: bytes, contacts: bytes) -> bool:
    return any(history.startswith(contacts, at) for at in range(0, len(history), CONTACT.itemsize))
