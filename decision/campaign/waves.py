"""Waves: stretches of chunks with one set of prices, and for each chunk what it may give."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate

import msgspec
import numpy as np
import pyarrow.parquet as pq

from decision.allocation import UNLIMITED, Left, Plan, Pricing, Rows, first_row, plan_for, prices_for, quotas, waves
from decision.campaign.campaign import Campaign
from decision.campaign.deciding import patiently
from decision.campaign.folder import CampaignFolder
from decision.campaign.grant import Grant
from decision.campaign.limits import CampaignLimits, Units
from decision.campaign.sampling import sampled
from decision.service.claims import Claim
from decision.store.port import Hold, Settle, Store
from decision.version.prices import encode_prices
from decision.version.registry import Registry
from rules.errors import Unavailable
from rules.ids import OfferId
from rules.volume import VolumePlace

REFUSALS = 20
"""How often a wave is planned anew because others took what it counted on."""


class Wave(msgspec.Struct, frozen=True):
    """A wave as it was planned: its first chunk, the prices of all places as they are stored, and each chunk's room.

    `plan` counts the plans before it that could not be held.
    """

    first: int
    plan: int
    prices: bytes
    by_place: tuple[float, ...]
    rooms: tuple[dict[int, int], ...]

    @property
    def chunks(self) -> range:
        """The chunks in it."""
        return range(self.first, self.first + len(self.rooms))

    def grant(self, chunk: int) -> Grant:
        """What a chunk may give."""
        return Grant(self.rooms[chunk - self.first], self.prices)

    @property
    def units(self) -> dict[int, int]:
        """What all chunks together may give."""
        total: dict[int, int] = {}
        for room in self.rooms:
            for place, units in room.items():
                total[place] = total.get(place, 0) + units
        return {place: units for place, units in sorted(total.items()) if units}


class Waves:
    """The waves of one campaign: planned when their turn comes, from what is left then, and kept in its folder.

    All units that a wave may give are held in the store from its beginning to its end, and what it did not give comes
    back. `sample` are rows of the customers that `sampled` names, chunk by chunk.
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
        """Plan a wave, unless it was, and hold what it may give, unless it is over."""
        wave = self._folder.wave(chunks.start, Wave)
        refused = 0
        for _ in range(REFUSALS):
            if wave is None:
                wave = await self._plan(chunks, refused)
                # Before anything is held, so that whoever goes on after a kill holds the same, and no more.
                self._folder.keep_wave(chunks.start, wave)
            if self._over(wave) or await self._hold(wave):
                self._prices = wave.by_place
                return wave
            refused, wave = wave.plan + 1, None
        raise Unavailable("Others take units of volume limits faster than a wave can be planned; try again later.")

    async def end(self, wave: Wave) -> None:
        """All chunks of the wave are decided: take what they gave, and let others have the rest."""
        used = self._given(wave)
        self._used += used
        if not self._campaign.order.dry_run:
            settles = [self._settle(wave, place, int(used[place])) for place in self._held(wave)]
            await patiently(partial(self._store.write, settles))

    async def _plan(self, chunks: range, plan: int) -> Wave:
        campaign = self._campaign
        first, last = chunks.start * campaign.chunk, min(chunks.stop * campaign.chunk, campaign.customers)
        free = await self._free()
        left = self._limits.left(free, self._used, campaign.customers - first)
        begin = first_row(int(self._edges[chunks.start]), len(self._sample), campaign.customers)
        edges = self._edges[chunks.start : chunks.stop + 1] - begin
        pricing = await asyncio.to_thread(self._price, left, begin)
        sizes = np.array([campaign.size(chunk) for chunk in chunks], np.int64)
        assert int(sizes.sum()) == last - first
        given = quotas(left, pricing, self._limits.volumes, sizes, edges)
        rooms = tuple({place: room for place, room in enumerate(row) if room < UNLIMITED} for row in given.tolist())
        prices = encode_prices(campaign.order.catalogue, pricing.by_place)
        if not campaign.order.dry_run:
            # Whoever decides these decisions again needs the prices.
            await patiently(partial(Registry(self._store).put, "prices", prices, campaign.order.moment))
        return Wave(chunks.start, plan, prices, tuple(pricing.by_place.tolist()), rooms)

    def _price(self, left: Left, begin: int) -> Pricing:
        rows = self._sample.only(np.arange(begin, len(self._sample)))
        start = None if self._prices is None else np.array(self._prices)
        return prices_for(rows, self._limits.volumes, left, self._limits.slots, start)

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

    async def _hold(self, wave: Wave) -> bool:
        if self._campaign.order.dry_run:
            return True
        holder = _holder(self._campaign.order.campaign, wave)
        wanted = [(self._limits.claims[place], units) for place, units in self._held(wave).items()]
        holds = [Hold(claim.counter, holder, units, claim.most, None, claim.ttl) for claim, units in wanted]
        held = await patiently(partial(self._store.hold, holds))
        if all(one.done for one in held):
            return True
        done = [place for place, one in zip(self._held(wave), held, strict=True) if one.done]
        await patiently(partial(self._store.write, [self._settle(wave, place, 0) for place in done]))
        return False

    def _held(self, wave: Wave) -> dict[int, int]:
        """Units that are held for a wave: what only has to be sent needs no holding."""
        return {place: units for place, units in wave.units.items() if place in self._limits.claims}

    def _settle(self, wave: Wave, place: int, kept: int) -> Settle:
        return settle_of(self._campaign.order.campaign, wave, self._limits.claims[place], kept)

    def _over(self, wave: Wave) -> bool:
        """Whether all its chunks are decided; then nothing is held for it any more, or nothing more than was given."""
        written = self._folder.written()
        return all(chunk in written for chunk in wave.chunks)

    def _given(self, wave: Wave) -> Units:
        shown: list[OfferId] = []
        for chunk in wave.chunks:
            offers = pq.read_table(self._folder.part(chunk), columns=["offer"], partitioning=None).column(0)
            shown += [OfferId(offer) for offer in offers.to_pylist() if offer is not None]
        return self._limits.used(shown)


def settle_of(campaign: str, wave: Wave, claim: Claim, kept: int) -> Settle:
    """What ends a wave's hold at one place: so many units are taken for good."""
    return Settle(claim.counter, _holder(campaign, wave), kept, claim.ttl)


def _holder(campaign: str, wave: Wave) -> str:
    # What was refused was let go under its own name, which is not held under again.
    return f"campaign:{campaign}:{wave.first}:{wave.plan}"
