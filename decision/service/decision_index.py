"""What an outcome needs to know of its decision, for as long as outcomes are taken."""

from collections.abc import Sequence

import msgspec

from decision.keys import decision_key
from decision.store.port import Put, Store
from decision.subject.profiles import DAY
from rules.ids import CustomerId, DecisionId, Instant, OfferId, PlacementId, VisitorId
from rules.workspace import Channel


class IndexedDecision(msgspec.Struct, frozen=True, array_like=True):
    """Where, when and to whom a decision showed which offers, by rank."""

    placement: PlacementId
    channel: Channel
    at: Instant
    customer: CustomerId | None
    visitor: VisitorId | None
    offers: tuple[OfferId, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(IndexedDecision)


def encode_entry(decision: IndexedDecision) -> bytes:
    """What the index keeps of a decision, as a blob."""
    return _encoder.encode(decision)


class DecisionIndex:
    """Decisions by id; each is forgotten `outcome_days` after it was made."""

    def __init__(self, store: Store, outcome_days: int) -> None:
        self._store = store
        self._ttl = outcome_days * DAY

    async def put(self, id: DecisionId, decision: IndexedDecision) -> None:
        """Remember a decision."""
        await self._store.put(decision_key(id), encode_entry(decision), self._ttl)

    def entry(self, id: DecisionId, entry: bytes) -> Put:
        """What remembers a decision that is a blob already, among other writes."""
        return Put(decision_key(id), entry, self._ttl)

    async def find(self, ids: Sequence[DecisionId]) -> list[IndexedDecision | None]:
        """The decisions, in order; None where the id is unknown or too old."""
        blobs = await self._store.get_many([decision_key(id) for id in ids])
        return [None if blob is None else _decoder.decode(blob) for blob in blobs]
