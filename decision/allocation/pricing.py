"""Prices: what a unit of each limited place must cost so that the audience as a whole gets the most."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.allocation.kernel import fill, index_rows, sweep, wish
from decision.allocation.left import UNLIMITED, Left
from decision.allocation.rows import Rows
from decision.allocation.volumes import Volumes

Floats = NDArray[np.float64]
Units = NDArray[np.int64]

# The dual of the allocation, by places: with price x[p] per unit, the audience as a whole gets at most
#
#     D(x) = sum over rows of the best `slots` of (value - sum of the places' prices, if above 0)
#            + sum over places of max(x[p] * room[p], x[p] * minimum[p])
#
# and the least D(x) is the optimum of the linear program; a minimum volume is a price below zero, a subsidy. D is
# convex and piecewise linear. With all other prices fixed, the best x[p] is an order statistic: every row has one price
# at which it leaves the place, and as many must stay as there is room for. So one price after another is set exactly
# (relaxation: Bertsekas and Tseng, Operations Research 36(1), 1988), and after each sweep all prices go on in the
# direction they took for as long as D falls (pattern moves: Hooke and Jeeves, Journal of the ACM 8(2), 1961), which
# ends the price wars of offers that stand in for each other.
#
# Such a search may come to rest at a kink of D where only several prices together could improve it; many customers with
# equal values make kinks. So values are blurred, by less and less and by hardly anything in the end, first on a part of
# the rows. On values of few levels with joint limits this took the distance to the optimum from up to 9.7 % to 0.2 %.

_TIE = 1e-6
"""The least blur: it does not move prices, but tells apart who of those that are indifferent should take what."""
_STAGES = ((0.3, 2_000), (0.1, 2_000), (0.03, 5_000), (0.01, None), (0.003, None), (0.001, None), (_TIE, None))
"""How far values are blurred, and on how many rows."""
_WELCOME = 1e-3
"""What a subsidy that is just enough is raised by, in mean values of the place's best offer."""
_EASES = (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
"""By which parts prices are tried to be lower than the dual has them."""
_WARM_STAGES = 3
"""Stages from the end that are gone through from known prices."""
_SWEEPS = 60
_GAIN = 5e-6
"""A sweep that lowers D by less than this part ends its stage."""
_SUBSIDY = 10.0
"""The highest subsidy, in highest values: what it cannot buy is not to be had."""


class Shortfall(msgspec.Struct, frozen=True):
    """A minimum that cannot be met: the units that are missing for the whole audience, as far as the sample shows."""

    place: int
    minimum: int
    missing: int


class Pricing(msgspec.Struct, frozen=True, eq=False):
    """Prices and what they say about the whole audience that is left.

    `by_place` is float64[places], below zero where a minimum is subsidised. `choices` is int32[rows × slots]: what each
    customer of the sample should take, -1 for nothing; `value` is what that is worth and `bound` the least upper bound
    found for it, both in proportion to the audience.
    """

    by_place: Floats
    choices: NDArray[np.int32]
    value: float
    bound: float
    shortfalls: tuple[Shortfall, ...]


def prices_for(sample: Rows, volumes: Volumes, left: Left, slots: int, start: Floats | None = None) -> Pricing:
    """The prices for what is left, from a sample of the customers who are left (or from all of them).

    `start` are the prices of the wave before. Without any row these are kept. Same arguments, same prices, bit for bit.
    """
    whole = _Dual.of(sample, volumes, left, slots)
    prices = np.zeros(volumes.number) if start is None else whole.allowed(start)
    best, bound = prices, whole.value(prices)
    for blur, size in _STAGES if start is None else _STAGES[-_WARM_STAGES:]:
        dual = whole
        if size is not None and size < len(sample):
            part = np.arange(size) * len(sample) // size
            dual = _Dual.of(sample.only(part), volumes, left, slots)
        prices = dual.blurred(blur).descend(prices)
        reached = whole.value(prices)
        if reached < bound:
            best, bound = prices, reached
    best, choices = whole.eased(best)
    value = sample.worth(choices)
    scale = left.customers / max(len(sample), 1)
    units = volumes.units(choices)
    used = np.asarray(units * scale, np.float64)
    return Pricing(
        whole.welcoming(best, units),
        choices,
        value * scale,
        bound * scale,
        _unmet(left, used, best < whole.lowest / _SUBSIDY),
    )


def first_row(begin: int, sample: int, customers: int) -> int:
    """The first row of a sample of an audience to find prices on, when those before `begin` are decided.

    Of a whole audience it is the first who is left. Of a smaller sample at least the later half is kept: its rows stand
    for others, and the few that are left in the end would tell too little.
    """
    return begin if sample >= customers else min(begin, sample // 2)


def bound_at(sample: Rows, volumes: Volumes, left: Left, slots: int, prices: Floats) -> float:
    """The upper bound that any prices give for the total value of the audience that is left."""
    dual = _Dual.of(sample, volumes, left, slots)
    return dual.value(dual.allowed(prices)) * left.customers / max(len(sample), 1)


def _unmet(left: Left, used: Floats, in_vain: NDArray[np.bool_]) -> tuple[Shortfall, ...]:
    """The minimums that there is no room for, or that subsidies worth more than any offer buy in vain."""
    missing = np.ceil(left.minimums - np.minimum(used, left.rooms) - 1e-6).astype(np.int64)
    missing[~in_vain] = np.maximum(left.minimums - left.rooms, 0)[~in_vain]
    return tuple(
        Shortfall(int(place), int(left.minimums[place]), int(missing[place])) for place in np.flatnonzero(missing > 0)
    )


class _Dual(msgspec.Struct, frozen=True, eq=False):
    """D over some rows, with rooms and minimums in proportion, and its rows and candidates by place."""

    rows: Rows
    volumes: Volumes
    slots: int
    rooms: Floats
    owed: Floats
    lowest: float
    member_starts: Units
    members: NDArray[np.int32]
    begins: Units
    listed: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Rows, volumes: Volumes, left: Left, slots: int) -> "_Dual":
        share = len(rows) / max(left.customers, 1)
        rooms = np.asarray(left.rooms * share, np.float64)
        owed = np.asarray(left.minimums * share, np.float64)
        # A sample tells how many would come up to its own chance error; owing less of it than that would be too little.
        owed = np.asarray(np.minimum(owed + np.sqrt(owed * min(abs(1.0 - share), 1.0)), rooms), np.float64)
        order = np.argsort(volumes.places, kind="stable")
        owners = np.repeat(np.arange(volumes.candidates, dtype=np.int32), np.diff(volumes.starts))
        member_starts = np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(np.bincount(volumes.places, minlength=volumes.number))]
        )
        counts, begins = np.zeros(volumes.number, np.int64), np.zeros(volumes.number + 1, np.int64)
        listed = np.empty(0, np.int32)
        for _ in range(2):
            index_rows(rows.starts, rows.candidates, volumes.starts, volumes.places, counts, begins, listed)
            np.cumsum(counts, out=begins[1:])
            listed = np.empty(begins[-1], np.int32) if not len(listed) else listed
        lowest = -_SUBSIDY * float(rows.values.max(initial=1.0))
        return cls(rows, volumes, slots, rooms, owed, lowest, member_starts, owners[order], begins, listed)

    def blurred(self, by: float) -> "_Dual":
        """The same with every value off by up to this part of it, up or down, always by the same at the same entry."""
        values = self.rows.values * (1.0 + by * _noise(len(self.rows.values)))
        return msgspec.structs.replace(self, rows=Rows(self.rows.starts, self.rows.candidates, values))

    def allowed(self, prices: Floats) -> Floats:
        """The nearest prices that a place's having a room and a minimum allows."""
        return np.clip(prices, np.where(self.owed > 0.0, self.lowest, 0.0), np.inf)

    def value(self, prices: Floats) -> float:
        """D."""
        rows = self.rows
        net = wish(rows.starts, rows.candidates, rows.values, self.volumes.cost(prices), self.slots)
        return net + float(np.where(prices > 0.0, prices * self.rooms, prices * self.owed).sum())

    def choices(self, prices: Floats) -> NDArray[np.int32]:
        """What rows take at these prices while there is room, in order; of what is subsidised only what is owed."""
        rows, volumes = self.rows, self.volumes
        choices = np.full((len(rows), self.slots), -1, np.int32)
        most = np.where(prices < 0.0, np.minimum(self.rooms, self.owed), self.rooms)
        room, cost = np.minimum(np.ceil(most), UNLIMITED).astype(np.int64), volumes.cost(prices)
        fill(
            rows.starts,
            rows.candidates,
            rows.values,
            cost,
            self.slots,
            volumes.starts,
            volumes.places,
            room,
            choices,
        )
        return choices

    def eased(self, prices: Floats) -> tuple[Floats, NDArray[np.int32]]:
        """Of prices that are the same or a little lower those that the rows make most of, and what they take then.

        Where many are alike a price that is too high by next to nothing turns away all of them, though D hardly shows
        it. One that is too low turns away nobody, for there is no more to be had than there is room.
        """
        tied = self.blurred(_TIE)
        found: tuple[float, float, Floats, NDArray[np.int32]] | None = None
        for ease in _EASES:
            lower = np.where(prices > 0.0, prices * (1.0 - ease), prices)
            choices = tied.choices(lower)
            missing = float(np.maximum(np.floor(self.owed) - self.volumes.units(choices), 0.0).sum())
            worth = self.rows.worth(choices)
            if found is None or (missing, -worth) < (found[0], -found[1]):
                found = missing, worth, lower, choices
        assert found is not None
        return found[2], found[3]

    def welcoming(self, prices: Floats, units: Units) -> Floats:
        """The prices with a little more subsidy where no more come than are owed, so that the indifferent do come."""
        entries = np.repeat(np.arange(self.volumes.candidates), np.diff(self.volumes.starts))
        counts = np.bincount(self.rows.candidates, minlength=self.volumes.candidates)
        totals = np.bincount(self.rows.candidates, self.rows.values, self.volumes.candidates)
        highest = np.zeros(self.volumes.number)
        np.maximum.at(highest, self.volumes.places, (totals / np.maximum(counts, 1))[entries])
        short = (self.owed > 0.0) & (prices <= 0.0) & (units <= np.ceil(self.owed))
        return np.where(short, prices - _WELCOME * highest, prices)

    def descend(self, prices: Floats) -> Floats:
        """Sweep until no more is won."""
        reached = self.value(prices)
        for _ in range(_SWEEPS):
            before, aim = reached, self._swept(prices)
            reached, step = self.value(aim), 1.0
            direction, found = aim - prices, aim
            while (reach := self.value(trial := self.allowed(aim + step * direction))) < reached:
                found, reached, step = trial, reach, 2.0 * step
            prices = found
            if before - reached <= _GAIN * abs(reached):
                break
        return prices

    def _swept(self, prices: Floats) -> Floats:
        swept = prices.copy()
        sweep(
            self.rows.starts,
            self.rows.candidates,
            self.rows.values,
            self.slots,
            self.member_starts,
            self.members,
            self.begins,
            self.listed,
            self.rooms,
            self.owed,
            self.lowest,
            swept,
            self.volumes.cost(prices),
        )
        return swept


def _noise(number: int) -> Floats:
    """Noise between -1 and 1 that is the same on every machine: SplitMix64 over the numbers from 0."""
    with np.errstate(over="ignore"):
        bits = np.arange(1, number + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits ^= bits >> np.uint64(31)
    return np.asarray(bits >> np.uint64(11), np.float64) * 2.0**-52 - 1.0
