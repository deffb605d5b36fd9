"""Keeps the answers of a bulk that has a name, so that it can be sent again: nobody in it is decided twice."""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from decision.keys import SubjectId, receipt_key
from decision.service.bulk.line import KEPT_SECONDS, KeptAnswer, Line
from decision.service.claims import claim_at
from decision.service.volumes import Volumes, Wanted
from decision.store.port import Put, Store
from decision.subject.contacts import Contacts, Seen
from rules.errors import Conflict

_decoder = msgspec.msgpack.Decoder(KeptAnswer)


def line_name(bulk: str, text: bytes) -> str:
    """The name of a line of a bulk: equal lines are one question."""
    return blake2b(bulk.encode() + b"\0" + text.strip(), digest_size=16).hexdigest()


class Keeping:
    """Kept answers in the store, each put there in the step that reserves its contacts.

    The one that counts lies with whom its line names, however that is linked. Contacts of a linked visitor are the
    customer's, whose slot is another one: there the answer is put first, and a second step makes it count, unless
    another answer does by then. Until that step nothing is journalled, shown, or taken of volume limits for good.
    """

    def __init__(self, store: Store, contacts: Contacts, volumes: Volumes) -> None:
        self._store = store
        self._contacts = contacts
        self._volumes = volumes

    async def find(self, lines: Sequence[Line]) -> None:
        """Give each line that has a name the answer that is kept for it, if there is one.

        What such a decision takes of volume limits is held again, which changes nothing where it was taken; where it
        cannot be had any more, the line fails.
        """
        keys = [(line, _key(line.asked, line), _key(line.owner, line)) for line in lines]
        asked = [*dict.fromkeys(key for _, *places in keys for key in places)]
        found = dict(zip(asked, await self._store.get_many(asked), strict=True))
        for line, key, begun in keys:
            blob = found[key]
            if blob is None and (there := found[begun]) is not None:
                blob = await self._first(key, there)
            if blob is not None:
                line.kept = _decoder.decode(blob)
        again = [(line, line.kept) for line in lines if line.kept is not None and line.kept.claims]
        held = await self._volumes.hold([self._wanted(line, kept) for line, kept in again]) if again else []
        for (line, kept), had in zip(again, held, strict=True):
            if not had:
                line.fail(Conflict(f"Decision {kept.id} was begun, and its offers were sold out before it was made."))

    async def put(self, line: Line, owner: SubjectId | None, contacts: list[bytes], seen: Seen | None) -> bool:
        """Reserve the contacts of a line and keep its answer, in one step; False when the history has moved.

        Where an answer is kept already, that is the line's.
        """
        assert line.name is not None
        mine = msgspec.msgpack.encode(line.draft())
        put = Put(_key(owner, line), mine, KEPT_SECONDS)
        found = await self._contacts.add_once(_subject(owner, line), contacts, put, seen)
        if found is False:
            return False
        counts = found if isinstance(found, bytes) else mine
        if line.asked != owner:
            counts = await self._first(_key(line.asked, line), counts)
        if counts != mine:
            line.kept = _decoder.decode(counts)
        return True

    async def _first(self, key: str, blob: bytes) -> bytes:
        """Keep an answer unless there is one; the one that counts from now on."""
        if await self._store.put_if_absent(key, blob, KEPT_SECONDS):
            return blob
        (there,) = await self._store.get_many([key])
        return blob if there is None else there

    def _wanted(self, line: Line, kept: KeptAnswer) -> Wanted:
        """What it takes, as the catalogue in use has the places."""
        bound = line.ask.snapshot.placement(line.ask.request.placement).bound
        counters = self._volumes.shortage.counters(bound.volumes, kept.at)
        numbers = {counter: number for number, counter in counters.items()}
        claims = [
            claim
            if (number := numbers.get(claim.counter)) is None
            else claim_at(bound.volumes.places, number, claim.units, kept.at)
            for claim in kept.claims
        ]
        return Wanted(kept.id, tuple(claims), bound.volumes, bound.spec.slots, kept.at)


def _key(subject: SubjectId | None, line: Line) -> str:
    assert line.name is not None
    return receipt_key(_subject(subject, line), line.name)


def _subject(subject: SubjectId | None, line: Line) -> SubjectId:
    """Where it lies; nobody has a place by the line's name."""
    return SubjectId(f"d:{line.name}") if subject is None else subject
