"""Volume limits in the store: units held while a decision is written down, and what is known to be nearly gone."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from decision.clock import Clock
from decision.engine.terms import NO_TERMS, Terms
from decision.service.claims import Claim, claim_at, counter_of, period_of
from decision.store.port import Hold, Settle, Store
from rules.ids import Instant
from rules.volume import BoundVolumes, VolumePlace

HOLD_MILLISECONDS = 60_000
"""How long units are held for a decision; of one that was never written down they come back then."""

KNOWN_MILLISECONDS = 1_000
"""How long it is believed that a place is nearly empty: units may come back."""


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """What a slate takes of volume limits: claims of a placement with so many slots, at a moment, and who holds."""

    holder: str
    claims: tuple[Claim, ...]
    volumes: BoundVolumes
    slots: int
    now: Instant


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
        self._counters: dict[tuple[frozenset[int], tuple[str, ...]], Mapping[int, str]] = {}

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

    async def hold(self, wanted: Sequence[Wanted]) -> list[bool]:
        """Hold for each slate all that it takes, or nothing; says which, in order.

        After a refusal it is remembered where less is left than a slate may take. To hold for the same once more, when
        it is not known whether it was, changes nothing.
        """
        asked = [(number, claim) for number, one in enumerate(wanted) for claim in one.claims]
        replies = await self._store.hold(
            [
                Hold(claim.counter, wanted[number].holder, claim.units, claim.most, self._milliseconds, claim.ttl)
                for number, claim in asked
            ]
        )
        refused = {number for (number, _), reply in zip(asked, replies, strict=True) if not reply.done}
        had = [(number, claim) for (number, claim), reply in zip(asked, replies, strict=True) if reply.done]
        await self.release([(wanted[number].holder, (claim,)) for number, claim in had if number in refused])
        for volumes, one in {wanted[number].volumes: wanted[number] for number in refused}.items():
            await self._look_around(volumes, one.slots, one.now)
        for (number, claim), reply in zip(asked, replies, strict=True):
            if number not in refused or not reply.done:
                self._remember(claim, reply.left, wanted[number].volumes, wanted[number].slots)
        return [number not in refused for number in range(len(wanted))]

    async def look(self, wanted: Wanted) -> bool:
        """Whether there are units for a slate, as far as can be told without holding any."""
        left = await self._left(wanted.claims)
        for claim, units in zip(wanted.claims, left, strict=True):
            self._remember(claim, units, wanted.volumes, wanted.slots)
        return all(units >= claim.units for claim, units in zip(wanted.claims, left, strict=True))

    async def release(self, held: Iterable[tuple[str, Sequence[Claim]]]) -> None:
        """Hold nothing of these any more, each with its holder."""
        counters = [(claim.counter, holder) for holder, claims in held for claim in claims]
        if counters:
            # What was remembered counted them.
            gone = {counter for counter, _ in counters}
            self._known = {number: known for number, known in self._known.items() if known.counter not in gone}
            await self._store.write([Settle(counter, holder, 0) for counter, holder in counters])

    async def rooms(self, volumes: BoundVolumes, now: Instant) -> dict[str, int]:
        """How many units can be had now of each counter that the places of a placement have at a moment."""
        counters = self.counters(volumes, now)
        counted = await self._store.count([*counters.values()])
        return {
            counter: max((volumes.places[number].most or 0) - taken - held, 0)
            for (number, counter), (taken, held) in zip(counters.items(), counted, strict=True)
        }

    def counters(self, volumes: BoundVolumes, now: Instant) -> Mapping[int, str]:
        """The counters of all places of a placement that have a most, at a moment; kept for a day's other moments."""
        self._forget_others(volumes)
        periods = tuple(period_of(volumes.places[first], now) for first in volumes.first)
        key = (volumes.own, periods)
        if key not in self._counters:
            if len(self._counters) > 100:
                self._counters.clear()
            self._counters[key] = {number: counter_of(volumes.places[number], now) for number in sorted(volumes.own)}
        return self._counters[key]

    async def _look_around(self, volumes: BoundVolumes, slots: int, now: Instant) -> None:
        """See what is left of all places at once, for where one is sold out others may be."""
        self._forget_others(volumes)
        moment = self._clock()
        if moment < self._looked.get(volumes.own, moment):
            return
        self._looked[volumes.own] = Instant(moment + KNOWN_MILLISECONDS)
        claims = [claim_at(volumes.places, number, 1, now) for number in self.counters(volumes, now)]
        for claim, left in zip(claims, await self._left(claims), strict=True):
            self._remember(claim, left, volumes, slots)

    async def _left(self, claims: Sequence[Claim]) -> list[int]:
        """What is left for each claim if all that is held comes back."""
        taken = await self._store.get_many([claim.counter for claim in claims])
        return [max(claim.most - int(one or 0), 0) for claim, one in zip(claims, taken, strict=True)]

    def _remember(self, claim: Claim, left: int, volumes: BoundVolumes, slots: int) -> None:
        self._forget_others(volumes)
        if left < slots:
            self._known[claim.place] = _Known(left, claim.counter, Instant(self._clock() + KNOWN_MILLISECONDS))
        else:
            self._known.pop(claim.place, None)

    def _forget_others(self, volumes: BoundVolumes) -> None:
        """Another catalogue numbers its places anew."""
        if volumes.places is not self._places:
            self._places, self._known, self._looked, self._counters = volumes.places, {}, {}, {}


def settles(holder: str, claims: Iterable[Claim]) -> tuple[Settle, ...]:
    """What takes for good all that is held for a slate."""
    return tuple(Settle(claim.counter, holder, claim.units, claim.ttl) for claim in claims)
