"""Keeps the answers of a bulk that has a name, so that it can be sent again: nobody in it is decided twice."""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from decision.keys import SubjectId, receipt_key
from decision.service.bulk.line import KeptAnswer, Line
from decision.service.decision_index import DecisionIndex
from decision.service.volumes import Volumes, Wanted
from decision.store.port import Put, Store
from decision.subject.contacts import Contacts, Seen
from rules.errors import Conflict

KEPT_SECONDS = 86_400
"""How long the answers of a bulk are kept."""

_decoder = msgspec.msgpack.Decoder(KeptAnswer)


def line_name(bulk: str, text: bytes) -> str:
    """The name of a line of a bulk: equal lines are one question."""
    return blake2b(bulk.encode() + b"\0" + text.strip(), digest_size=16).hexdigest()


class Keeping:
    """Kept answers in the store, each in the slot of its subject, put there in the step that reserves its contacts."""

    def __init__(self, store: Store, contacts: Contacts, index: DecisionIndex, volumes: Volumes) -> None:
        self._store = store
        self._contacts = contacts
        self._index = index
        self._volumes = volumes

    async def find(self, lines: Sequence[Line]) -> None:
        """Give each line that has a name the answer that is kept for it, if there is one.

        What such a decision held of volume limits may be over, if it was never written down: then it is held again, or
        the line fails.
        """
        keys = [(line, key) for line in lines if line.name is not None for key in _keys(line)]
        found = await self._store.get_many([key for _, key in keys])
        for (line, _), blob in zip(keys, found, strict=True):
            if blob is not None:
                line.kept = _decoder.decode(blob)
        unsettled = [(line, line.kept) for line in lines if line.kept is not None and line.kept.claims]
        known = await self._index.find([kept.id for _, kept in unsettled])
        again = [(line, kept) for (line, kept), entry in zip(unsettled, known, strict=True) if entry is None]
        held = await self._volumes.hold([_wanted(line, kept) for line, kept in again]) if again else []
        for (line, kept), had in zip(again, held, strict=True):
            if not had:
                line.fail(Conflict(f"Decision {kept.id} was begun, and its offers were sold out before it was made."))

    async def put(self, line: Line, owner: SubjectId | None, contacts: list[bytes], seen: Seen | None) -> bool:
        """Reserve the contacts of a line and keep its answer, in one step; False when the history has moved.

        Where an answer is kept already, that is the line's.
        """
        assert line.name is not None
        draft = line.draft()
        subject = _nobody(line.name) if owner is None else owner
        put = Put(receipt_key(subject, line.name), msgspec.msgpack.encode(draft), KEPT_SECONDS)
        found = await self._contacts.add_once(subject, contacts, put, seen)
        if isinstance(found, bytes) and found != put.value:
            line.kept = _decoder.decode(found)
        return bool(found)

    async def forget(self, line: Line) -> None:
        """Keep nothing for a line any more: what it was answered is not true."""
        if line.name is not None:
            await self._store.delete(_keys(line))


def _keys(line: Line) -> list[str]:
    """Where a line's answer may be: with whom it counts for, or with the visitor that was only linked since."""
    assert line.name is not None
    owners = {line.owner, line.asked} - {None}
    return [receipt_key(owner, line.name) for owner in sorted(filter(None, owners)) or [_nobody(line.name)]]


def _nobody(name: str) -> SubjectId:
    return SubjectId(f"d:{name}")


def _wanted(line: Line, kept: KeptAnswer) -> Wanted:
    bound = line.ask.snapshot.placement(line.ask.request.placement).bound
    at = kept.at
    return Wanted(kept.id, kept.claims, bound.volumes, bound.spec.slots, at)
