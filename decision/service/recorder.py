"""Writes down what was decided: journal record, index entry, contacts and units of volume limits in one ask."""

from collections.abc import Awaitable, Sequence

import msgspec

from decision.journal.journal import journal_entries, journal_entry
from decision.keys import SubjectId
from decision.service.decision_index import DecisionIndex
from decision.service.withdrawing import Withdrawal, Withdrawing
from decision.store.port import Settle, Store, Write
from decision.subject.contacts import Contacts, Seen
from rules.contact import CONTACT
from rules.ids import DecisionId


class Written(msgspec.Struct, frozen=True):
    """A decision as it is written down: its journal record, its index entry, and the contacts that `owner` has not got.

    `owner` is None when nobody gets any. `settles` take for good what is held for it of volume limits.
    """

    id: DecisionId
    record: bytes
    entry: bytes
    owner: SubjectId | None
    contacts: Sequence[bytes]
    settles: Sequence[Settle] = ()


class Recorder:
    """Writes decisions to the journal, to the index for their outcomes, and to contact histories."""

    def __init__(self, store: Store, index: DecisionIndex, contacts: Contacts) -> None:
        self._store = store
        self._index = index
        self._contacts = contacts
        self._withdrawing = Withdrawing(store, contacts)

    async def record(self, *decisions: Written) -> frozenset[DecisionId]:
        """Write decisions down; returns once all is durable, raises `Unavailable` when anything of it may not be.

        It gives those decisions for which some unit of a volume limit was held no more, so that they must not be shown.
        """
        writes: list[Write] = []
        # To whom a write matters: a history may have to be cut, and a hold may be over.
        owners: dict[int, SubjectId] = {}
        holders: dict[int, DecisionId] = {}
        for decision in decisions:
            holders.update(dict.fromkeys(range(len(writes), len(writes) + len(decision.settles)), decision.id))
            writes += decision.settles
        writes += journal_entries(decision.record for decision in decisions)
        for decision in decisions:
            writes.append(self._index.entry(decision.id, decision.entry))
            if decision.owner is not None:
                owners[len(writes)] = decision.owner
                writes.append(self._contacts.addition(decision.owner, decision.contacts))
        given = await self._store.write(writes)
        for number, owner in owners.items():
            await self._contacts.cut_if_long(owner, given[number])
        return frozenset(decision for number, decision in holders.items() if given[number] == 0)

    def record_if(self, decision: Written, seen: Seen) -> Awaitable[bool]:
        """Write a decision down with its contacts, in one step, if the history still ends where it was seen to.

        False, and no change, when it does not. It settles nothing. Errors are those of `Store.append_with`.
        """
        assert decision.owner is not None
        entry, put = journal_entry(decision.record), self._index.entry(decision.id, decision.entry)
        return self._contacts.add_with(decision.owner, decision.contacts, seen, entry, put)

    async def repeat(self, *decisions: Written) -> frozenset[DecisionId]:
        """`record` once more, when it is not known what of the first time arrived.

        The journal's view and the index have one record of an id, however often it is written. Contacts that are in
        the history are not added to it again, and what was settled is not taken again.
        """
        counted = [decision for decision in decisions if decision.owner is not None]
        histories = await self._contacts.load([decision.owner for decision in counted if decision.owner is not None])
        there = {
            decision.id
            for decision, history in zip(counted, histories, strict=True)
            if _holds(history, b"".join(decision.contacts))
        }
        return await self.record(
            *(
                msgspec.structs.replace(decision, owner=None) if decision.id in there else decision
                for decision in decisions
            )
        )

    def withdraw(self, *withdrawals: Withdrawal) -> None:
        """Take decisions back that are not shown, in the background: nothing of what was written down stays."""
        for withdrawal in withdrawals:
            self._withdrawing.begin(withdrawal)

    async def finish(self) -> None:
        """Return once what is taken back is, if the store lets it."""
        await self._withdrawing.finish()


def _holds(history: bytes, contacts: bytes) -> bool:
    return any(history.startswith(contacts, at) for at in range(0, len(history), CONTACT.itemsize))
