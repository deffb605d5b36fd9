"""Waves: stretches of chunks with one set of prices, and for each chunk what it may give."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate

import msgspec
import numpy as np
import pyarrow.parquet as pq

from decision.allocation import UNLIMITED, Left, Plan, Pricing, Rows, first_row, plan_for, prices_for, quotas, waves
from decision.campaign.campaign import Campaign
from decision.campaign.deciding import patiently
from decision.campaign.draw import decision_of
from decision.campaign.folder import CampaignFolder
from decision.campaign.grant import Grant
from decision.campaign.limits import CampaignLimits, Units
from decision.campaign.receipts import find_receipts
from decision.campaign.sampling import sampled
from decision.service.claims import Claim
from decision.store.port import Hold, Settle, Store
from decision.version.prices import encode_prices
from decision.version.registry import Registry
from rules.errors import Conflict, Unavailable
from rules.ids import OfferId
from rules.volume import VolumePlace

REFUSALS = 20
"""How often a wave is planned anew because others took what it counted on."""

LEASE_SECONDS = 900
"""How long what a wave may give is held for a run that is not heard of any more."""

KNOWN_SECONDS = 3_600
"""How long it is known in the store that a chunk is settled; from then on the mark beside its part tells it."""

RENEWALS = 3
"""How often in that time a run that lives says so."""

SIGMAS = 4.0
"""By how many chance errors a chunk may need more of a place than is expected at the wave's prices."""


class Wave(msgspec.Struct, frozen=True):
    """A wave as it was planned: its first chunk, the prices of all places as they are stored, and each chunk's room.

    `plans` says by chunk in which plan it got its room: it is planned anew what could not be held.
    """

    first: int
    prices: bytes
    by_place: tuple[float, ...]
    rooms: dict[int, dict[int, int]]
    plans: dict[int, int]

    def grant(self, chunk: int) -> Grant:
        """What a chunk may give."""
        return Grant(self.rooms[chunk], self.prices)


class Waves:
    """The waves of one campaign: planned when their turn comes, from what is left then, and kept in its folder.

    What a chunk may give is held in the store until its part is written: then what it gave is taken, and the rest comes
    back at once. Held is no more than the chunk may need, and for `LEASE_SECONDS` after the run was heard of last.
    `sample` are rows of the customers that `sampled` names, chunk by chunk.
    """

    def __init__(
        self, campaign: Campaign, folder: CampaignFolder, limits: CampaignLimits, sample: Rows, store: Store
    ) -> None:
        self._campaign = campaign
        self._folder = folder
        self._limits = limits
        self._sample = sample
        self._store = store
        self._used = np.zeros(len(limits.bound.places), np.int64)
        self._prices: Sequence[float] | None = None
        self._held: dict[int, tuple[Hold, ...]] = {}
        sizes = [len(sampled(campaign, chunk, campaign.size(chunk))) for chunk in range(campaign.chunks)]
        self._edges = np.array([0, *accumulate(sizes)], np.int64)

    @property
    def stretches(self) -> Iterable[range]:
        """The chunks of each wave, in order."""
        return waves(self._campaign.chunks)

    async def plan(self) -> Plan:
        """What the limits would cost the whole audience; nothing is held."""
        left = self._limits.left(await self._free(), self._used, self._campaign.customers)
        return await asyncio.to_thread(plan_for, self._sample, self._limits.volumes, left, self._limits.slots)

    @property
    def places(self) -> tuple[VolumePlace, ...]:
        """The places, by their number."""
        return self._limits.bound.places

    async def begin(self, chunks: range) -> Wave:
        """Plan a wave, unless it was, and hold what those of its chunks may give that are not written yet."""
        wave = self._folder.wave(chunks.start, Wave)
        written = self._folder.written()
        left = [chunk for chunk in chunks if chunk not in written]
        for _ in range(REFUSALS):
            if wave is None:
                wave = await self._plan(chunks, left, None)
            for chunk in chunks:
                if chunk in written:
                    await self.settle(wave, chunk)
            if await self._hold(wave, left):
                self._prices = wave.by_place
                return wave
            wave = await self._plan(chunks, left, wave)
        raise Unavailable(
            "Others take units of volume limits faster than a wave can be planned, or have taken what customers were "
            "promised before the campaign was stopped; run it again later, or withdraw it."
        )

    async def settle(self, wave: Wave, chunk: int) -> None:
        """A chunk's part is written: take what it gave, once, and let others have the rest."""
        holds = self._held.pop(chunk, ())
        mark = self._folder.part(chunk).with_suffix(".settled")
        if self._campaign.order.dry_run or mark.exists():
            return
        used = self._given(chunk)
        for place, _ in held_places(self._limits, wave, chunk):
            if used[place] > (room := wave.rooms[chunk][place]):
                raise Conflict(f"Chunk {chunk} gave {used[place]} units of place {place}, and was granted {room}.")
        if not holds:
            # Nobody knows whether what was held is held still.
            await patiently(partial(self._store.hold, holds_of(self._campaign, self._limits, wave, chunk, used)))
        await patiently(partial(self._store.write, settles_of(self._campaign, self._limits, wave, chunk, used)))
        mark.touch()

    async def end(self, chunks: range) -> None:
        """All chunks of a wave are decided."""
        for chunk in chunks:
            self._used += self._given(chunk)

    async def keep_alive(self) -> None:
        """Go on holding what is held, until cancelled; raises `Unavailable` when it is held no more."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / RENEWALS)
            for chunk, holds in list(self._held.items()):
                held = await patiently(partial(self._store.hold, holds))
                if chunk in self._held and not all(one.done for one in held):
                    raise Unavailable("The run stood still for so long that others took what was held for it; go on.")

    async def _plan(self, chunks: range, left: Sequence[int], before: Wave | None) -> Wave:
        campaign = self._campaign
        customers = sum(campaign.size(chunk) for chunk in left)
        rest = campaign.customers - min(chunks.stop * campaign.chunk, campaign.customers)
        gone = [self._given(chunk) for chunk in chunks if chunk not in left]
        units = self._limits.left(await self._free(), sum(gone, self._used), customers + rest)
        begin = first_row(int(self._edges[left[0]]), len(self._sample), campaign.customers)
        edges = np.array([*(self._edges[chunk] for chunk in left), self._edges[left[-1] + 1]], np.int64) - begin
        pricing = await asyncio.to_thread(self._price, units, begin)
        sizes = np.array([campaign.size(chunk) for chunk in left], np.int64)
        given = quotas(units, pricing, self._limits.volumes, sizes, edges)
        if rest:
            most = np.maximum(self._needs(pricing, sizes), units.shares(sizes))
            given = np.minimum(given, np.where(given < UNLIMITED, most, UNLIMITED))
        rooms = {
            chunk: {place: room for place, room in enumerate(row) if room < UNLIMITED}
            for chunk, row in zip(left, given.tolist(), strict=True)
        }
        if before is not None:
            # Who was begun has been promised what the receipt says.
            for chunk in left:
                for place, promised in enumerate((await self._begun(chunk)).tolist()):
                    if promised and place in rooms[chunk]:
                        rooms[chunk][place] = max(rooms[chunk][place], promised)
        prices = encode_prices(campaign.order.catalogue, pricing.by_place)
        if not campaign.order.dry_run:
            # Whoever decides these decisions again needs the prices.
            await patiently(partial(Registry(self._store).put, "prices", prices, campaign.order.moment))
        plans = {} if before is None else before.plans
        number = 1 + max(plans.values(), default=-1)
        wave = Wave(
            chunks.start,
            prices,
            tuple(pricing.by_place.tolist()),
            {**({} if before is None else before.rooms), **rooms},
            {**plans, **dict.fromkeys(left, number)},
        )
        # Before anything is held, so that whoever goes on after a kill holds the same, and no more.
        self._folder.keep_wave(chunks.start, wave)
        return wave

    def _price(self, left: Left, begin: int) -> Pricing:
        rows = self._sample.only(np.arange(begin, len(self._sample)))
        start = None if self._prices is None else np.array(self._prices)
        return prices_for(rows, self._limits.volumes, left, self._limits.slots, start)

    def _needs(self, pricing: Pricing, sizes: Units) -> Units:
        """The most that chunks of so many customers will need of each place, but for a very rare chance."""
        units = self._limits.volumes.units(pricing.choices)
        expected = sizes[:, None] * units[None, :] / max(len(pricing.choices), 1)
        return np.ceil(expected + SIGMAS * np.sqrt(expected) + SIGMAS).astype(np.int64)

    async def _begun(self, chunk: int) -> Units:
        """Units that a killed process had promised to customers of a chunk."""
        names = [(customer, decision_of(self._campaign.order, customer)) for customer in self._folder.customers(chunk)]
        found = await patiently(partial(find_receipts, self._store, names))
        return self._limits.used([offer for receipt in found if receipt is not None for offer in receipt.offers])

    async def _free(self) -> dict[int, int]:
        """Units that nobody took or holds, by place."""
        claims = self._limits.claims
        counted = await patiently(partial(self._store.count, [claim.counter for claim in claims.values()]))
        # A dry run takes nothing, so what it gave is missing nowhere.
        own = self._used if self._campaign.order.dry_run else np.zeros_like(self._used)
        return {
            place: max(claim.most - taken - held - int(own[place]), 0)
            for (place, claim), (taken, held) in zip(claims.items(), counted, strict=True)
        }

    async def _hold(self, wave: Wave, chunks: Sequence[int]) -> bool:
        if self._campaign.order.dry_run:
            return True
        wanted = {chunk: holds_of(self._campaign, self._limits, wave, chunk, wave.rooms[chunk]) for chunk in chunks}
        held = await patiently(partial(self._store.hold, [hold for holds in wanted.values() for hold in holds]))
        if all(one.done for one in held):
            self._held.update(wanted)
            return True
        asked = [hold for holds in wanted.values() for hold in holds]
        done = [Settle(hold.key, hold.holder, 0) for hold, one in zip(asked, held, strict=True) if one.done]
        await patiently(partial(self._store.write, done))
        return False

    def _given(self, chunk: int) -> Units:
        offers = pq.read_table(self._folder.part(chunk), columns=["offer"], partitioning=None).column(0)
        return self._limits.used([OfferId(offer) for offer in offers.to_pylist() if offer is not None])


def held_places(limits: CampaignLimits, wave: Wave, chunk: int) -> list[tuple[int, Claim]]:
    """The places of which units are held for a chunk: what only has to be sent needs no holding."""
    return [(place, limits.claims[place]) for place in wave.rooms[chunk] if place in limits.claims]


def holds_of(
    campaign: Campaign, limits: CampaignLimits, wave: Wave, chunk: int, units: "Mapping[int, int] | Units"
) -> tuple[Hold, ...]:
    """What holds so many units of each place for a chunk."""
    holder = holder_of(campaign, wave, chunk)
    wanted = [(claim, int(units[place])) for place, claim in held_places(limits, wave, chunk)]
    return tuple(
        Hold(claim.counter, holder, number, claim.most, LEASE_SECONDS * 1_000, claim.ttl)
        for claim, number in wanted
        if number
    )


def settles_of(campaign: Campaign, limits: CampaignLimits, wave: Wave, chunk: int, used: Units) -> list[Settle]:
    """What ends a chunk's holds: so many units are taken for good."""
    holder = holder_of(campaign, wave, chunk)
    return [
        Settle(claim.counter, holder, int(used[place]), claim.ttl, KNOWN_SECONDS)
        for place, claim in held_places(limits, wave, chunk)
        if wave.rooms[chunk][place] or used[place]
    ]


def holder_of(campaign: Campaign, wave: Wave, chunk: int) -> str:
    """Under what name units are held for a chunk; what was refused is let go, and not held again under its own."""
    return f"campaign:{campaign.order.campaign}:{chunk}:{wave.plans[chunk]}"
