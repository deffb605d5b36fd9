"""Volume limits in the store: units held while a decision is written down, and what is known to be nearly gone."""

from collections.abc import Iterable, Sequence

import msgspec

from decision.clock import Clock
from decision.engine.terms import NO_TERMS, Terms
from decision.service.claims import Claim, claim_at, counter_of
from decision.store.port import Hold, Settle, Store
from rules.ids import Instant
from rules.volume import BoundVolumes, VolumePlace

HOLD_MILLISECONDS = 60_000
"""How long units are held for a decision; of one that was never written down they come back then."""

KNOWN_MILLISECONDS = 1_000
"""How long it is believed that a place is nearly empty: units may come back."""


class _Known(msgspec.Struct, frozen=True):
    left: int
    counter: str
    until: Instant


class Volumes:
    """Holds units of volume limits, and remembers which places are nearly empty.

    What is remembered keeps a decision from asking for what is sold out; whether there is a unit is asked of the store
    each time. `milliseconds` is how long a hold lasts by the store's clock.
    """

    def __init__(self, store: Store, clock: Clock, milliseconds: int = HOLD_MILLISECONDS) -> None:
        self._store = store
        self._clock = clock
        self._milliseconds = milliseconds
        self._places: tuple[VolumePlace, ...] = ()
        self._known: dict[int, _Known] = {}
        self._looked: dict[frozenset[int], Instant] = {}

    def terms(self, volumes: BoundVolumes, now: Instant) -> Terms:
        """What is remembered of the places of a placement, for a decision at a moment."""
        if not self._known or volumes.places is not self._places:
            return NO_TERMS
        moment = self._clock()
        self._known = {number: known for number, known in self._known.items() if moment < known.until}
        room = {
            number: known.left
            for number, known in self._known.items()
            if number in volumes.own and known.counter == counter_of(volumes.places[number], now)
        }
        return NO_TERMS.with_room(room) if room else NO_TERMS

    async def hold(self, holder: str, claims: Sequence[Claim], volumes: BoundVolumes, slots: int, now: Instant) -> bool:
        """Hold all that a slate takes, or nothing; says which.

        After a refusal it is remembered what is left wherever that is less than a slate of so many `slots` may take.
        """
        holds = [
            Hold(claim.counter, holder, claim.units, claim.most, self._milliseconds, claim.ttl) for claim in claims
        ]
        replies = await self._store.hold(holds)
        left = [(claim, reply.left) for claim, reply in zip(claims, replies, strict=True)]
        if all(reply.done for reply in replies):
            self._remember(left, volumes, slots)
            return True
        await self.release(holder, [claim for claim, reply in zip(claims, replies, strict=True) if reply.done])
        await self._look_around(volumes, slots, now)
        self._remember(
            [(claim, one) for (claim, one), reply in zip(left, replies, strict=True) if not reply.done], volumes, slots
        )
        return False

    async def look(self, claims: Sequence[Claim], volumes: BoundVolumes, slots: int) -> bool:
        """Whether there are units for a slate, as far as can be told without holding any."""
        left = await self._left(claims)
        self._remember(left, volumes, slots)
        return all(units >= claim.units for claim, units in left)

    async def release(self, holder: str, claims: Iterable[Claim]) -> None:
        """Hold nothing of these any more."""
        counters = {claim.counter for claim in claims}
        if counters:
            self._known = {number: known for number, known in self._known.items() if known.counter not in counters}
            await self._store.write([Settle(counter, holder, 0) for counter in sorted(counters)])

    async def _look_around(self, volumes: BoundVolumes, slots: int, now: Instant) -> None:
        """See what is left of all places at once, for where one is sold out others may be."""
        moment = self._clock()
        if volumes.places is self._places and moment < self._looked.get(volumes.own, moment):
            return
        self._remember([], volumes, slots)
        self._looked[volumes.own] = Instant(moment + KNOWN_MILLISECONDS)
        claims = [claim_at(volumes.places, number, 1, now) for number in sorted(volumes.own)]
        self._remember(await self._left(claims), volumes, slots)

    async def _left(self, claims: Sequence[Claim]) -> list[tuple[Claim, int]]:
        """What is left of each place if all that is held comes back."""
        taken = await self._store.get_many([claim.counter for claim in claims])
        return [(claim, max(claim.most - int(one or 0), 0)) for claim, one in zip(claims, taken, strict=True)]

    def _remember(self, left: Iterable[tuple[Claim, int]], volumes: BoundVolumes, slots: int) -> None:
        if volumes.places is not self._places:
            # Another catalogue numbers its places anew.
            self._places, self._known, self._looked = volumes.places, {}, {}
        until = Instant(self._clock() + KNOWN_MILLISECONDS)
        for claim, units in left:
            if units < slots:
                self._known[claim.place] = _Known(units, claim.counter, until)
            else:
                self._known.pop(claim.place, None)


def settles(holder: str, claims: Iterable[Claim]) -> tuple[Settle, ...]:
    """What takes for good all that is held for a slate."""
    return tuple(Settle(claim.counter, holder, claim.units, claim.ttl) for claim in claims)
