"""Volume limits in the store: units are held while a decision is written down, then taken, or left to others."""

from collections.abc import Iterable, Sequence

import msgspec

from decision.clock import Clock
from decision.figures import figures
from decision.service.claims import Claim, claim_at
from decision.service.shortage import Shortage
from decision.store.port import Hold, Settle, Store
from rules.ids import Instant
from rules.volume import BoundVolumes

HOLD_MILLISECONDS = 60_000
"""How long units are held for a decision; of one that was never written down they come back then."""

KNOWN_SECONDS = 120
"""How long a decision is known to have taken its units: longer than anybody tries to write one down."""


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """What a slate takes of volume limits: claims of a placement with so many slots, at a moment, and who holds."""

    holder: str
    claims: tuple[Claim, ...]
    volumes: BoundVolumes
    slots: int
    now: Instant


class Volumes:
    """Holds units of volume limits; whether there is one is asked of the store each time.

    `shortage` remembers where there is hardly any, which keeps decisions from asking for what is sold out.
    `milliseconds` is how long a hold lasts by the store's clock.
    """

    def __init__(self, store: Store, clock: Clock, milliseconds: int = HOLD_MILLISECONDS) -> None:
        self._store = store
        self._milliseconds = milliseconds
        self.shortage = Shortage(clock)

    async def hold(self, wanted: Sequence[Wanted]) -> list[bool]:
        """Hold for each slate all that it takes, or nothing; says which, in order.

        To hold for the same once more, when it is not known whether it was, changes nothing.
        """
        return [not short for short in await self.reserve(wanted)]

    async def reserve(self, wanted: Sequence[Wanted]) -> list[dict[int, int]]:
        """`hold`; gives for each slate what is left at the places that refused it, so nothing where all is held."""
        asked = [(one, claim) for one in wanted for claim in one.claims]
        replies = await self._store.hold(
            [
                Hold(claim.counter, one.holder, claim.units, claim.most, self._milliseconds, claim.ttl)
                for one, claim in asked
            ]
        )
        answered = list(zip(asked, replies, strict=True))
        refused = {one.holder: one for (one, _), reply in answered if not reply.done}
        await self.release(
            (one.holder, (claim,)) for (one, claim), reply in answered if reply.done and one.holder in refused
        )
        for volumes, one in {one.volumes: one for one in refused.values()}.items():
            await self._look_around(volumes, one.slots, one.now)
        for (one, claim), reply in answered:
            if not reply.done or one.holder not in refused:
                self.shortage.remember([(claim, reply.left)], one.volumes, one.slots)
                figures.left(one.volumes.places[claim.place], reply.left)
        short: dict[str, dict[int, int]] = {}
        for (one, claim), reply in answered:
            if not reply.done:
                short.setdefault(one.holder, {})[claim.place] = reply.left
        return [short.get(one.holder, {}) for one in wanted]

    async def look(self, wanted: Wanted) -> dict[int, int]:
        """What is left where a slate takes more, as far as can be told without holding any."""
        left = await self._left(wanted.claims)
        self.shortage.remember(left, wanted.volumes, wanted.slots)
        return {claim.place: units for claim, units in left if units < claim.units}

    async def release(self, held: Iterable[tuple[str, Sequence[Claim]]]) -> None:
        """Hold nothing of these any more, each with its holder."""
        ends = [Settle(claim.counter, holder, 0) for holder, claims in held for claim in claims]
        if ends:
            self.shortage.forget({end.key for end in ends})
            await self._store.write(ends)

    async def rooms(self, volumes: BoundVolumes, now: Instant) -> dict[str, int]:
        """How many units can be had now of each counter that the places of a placement have at a moment."""
        counters = self.shortage.counters(volumes, now)
        counted = await self._store.count([*counters.values()])
        return {
            counter: max((volumes.places[number].most or 0) - taken - held, 0)
            for (number, counter), (taken, held) in zip(counters.items(), counted, strict=True)
        }

    async def _look_around(self, volumes: BoundVolumes, slots: int, now: Instant) -> None:
        """See what is left of all places at once, for where one is sold out others may be."""
        if self.shortage.due(volumes):
            claims = [claim_at(volumes.places, number, 1, now) for number in sorted(volumes.own)]
            self.shortage.remember(await self._left(claims), volumes, slots)

    async def _left(self, claims: Sequence[Claim]) -> list[tuple[Claim, int]]:
        """What is left for each claim if all that is held comes back."""
        taken = await self._store.get_many([claim.counter for claim in claims])
        return [(claim, max(claim.most - int(one or 0), 0)) for claim, one in zip(claims, taken, strict=True)]


def settles(holder: str, claims: Sequence[Claim], known: int = KNOWN_SECONDS) -> tuple[Settle, ...]:
    """What takes for good all that is held for a slate; done again within the `known` seconds it changes nothing."""
    return tuple([Settle(claim.counter, holder, claim.units, claim.ttl, known) for claim in claims]) if claims else ()
