"""Receipts of a campaign's decisions: what was decided about a customer, from the reservation to the written part."""

from collections.abc import Iterable, Sequence

import msgspec

from decision.journal.record import DecisionRecord, decode_record
from decision.keys import customer_subject, receipt_key
from decision.service.gathering import gather, parts
from decision.store.port import Put, Store
from decision.subject.contacts import Contacts, Seen
from rules.errors import Conflict
from rules.ids import CustomerId, DecisionId, OfferId

OPEN_SECONDS = 30 * 86_400
"""How long a receipt waits for somebody to go on with a campaign that was stopped."""

CLOSED_SECONDS = 3_600
"""How long a receipt says that its part is written: longer than a process may lag behind that works on the same."""

_CLOSED = b""
_CLOSED_AT_ONCE = 500


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """All that is needed to finish a decision: journal record, index entry, and whether the customer was known."""

    record: bytes
    entry: bytes
    known: bool

    @property
    def offers(self) -> tuple[OfferId, ...]:
        """What the decision showed."""
        record = decode_record(self.record)
        assert isinstance(record, DecisionRecord)
        return tuple(shown.offer for shown in record.decision.offers)


_decoder = msgspec.msgpack.Decoder(Receipt)


class Receipts:
    """Receipts in the store, each in the slot of its customer."""

    def __init__(self, store: Store, contacts: Contacts) -> None:
        self._store = store
        self._contacts = contacts

    async def put(
        self, customer: CustomerId, id: DecisionId, receipt: Receipt, contacts: Sequence[bytes], seen: Seen | None
    ) -> Receipt | None:
        """Append contacts and put the receipt, in one step; gives the receipt that counts, an earlier one where there
        is one.

        None, and no change, when the history does not end where it was seen to. Raises `Conflict` when the decision's
        part is written already.
        """
        subject = customer_subject(customer)
        put = Put(receipt_key(subject, id), msgspec.msgpack.encode(receipt), OPEN_SECONDS)
        kept = await self._contacts.add_once(subject, contacts, put, seen)
        if isinstance(kept, bytes):
            if kept == _CLOSED:
                raise Conflict(f"Decision {id} of customer {customer} was finished by another process meanwhile.")
            return _decoder.decode(kept)
        return receipt if kept else None

    async def find(self, decisions: Iterable[tuple[CustomerId, DecisionId]]) -> list[Receipt | None]:
        """The receipts of decisions whose part is not written; None where nothing was decided."""
        return await find_receipts(self._store, decisions)

    async def fence(self, decisions: Sequence[tuple[CustomerId, DecisionId]]) -> list[Receipt | None]:
        """The same, and from now on nobody can decide those who were not decided."""
        keys = [receipt_key(customer_subject(one), id) for one, id in decisions]
        for some in parts(keys, _CLOSED_AT_ONCE):
            await gather(self._store.put_if_absent(key, _CLOSED, OPEN_SECONDS) for key in some)
        return await self.find(decisions)

    async def close(self, decisions: Iterable[tuple[CustomerId, DecisionId]]) -> None:
        """The parts of these decisions are written, and nobody needs their receipts any more."""
        writes = [Put(receipt_key(customer_subject(one), id), _CLOSED, CLOSED_SECONDS) for one, id in decisions]
        for some in parts(writes, _CLOSED_AT_ONCE):
            await self._store.write(some)


async def find_receipts(store: Store, decisions: Iterable[tuple[CustomerId, DecisionId]]) -> list[Receipt | None]:
    """The receipts of decisions whose part is not written; None where nothing was decided."""
    blobs = await store.get_many([receipt_key(customer_subject(one), id) for one, id in decisions])
    return [_decoder.decode(blob) if blob else None for blob in blobs]
