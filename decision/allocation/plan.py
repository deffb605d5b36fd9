"""The plan of a campaign: what its limits cost, and how near the allocation comes to the best that there could be."""

import msgspec
import numpy as np

from decision.allocation.left import Left
from decision.allocation.pricing import Shortfall, bound_at, prices_for
from decision.allocation.rows import Rows
from decision.allocation.volumes import Volumes

RESOLVED = 24
"""Places, the dearest first, whose absence is reckoned with all other prices found anew."""


class LimitFigures(msgspec.Struct, frozen=True):
    """What a place with a price does: `used` units of it are expected to go to the audience.

    `cost` is what its limit or minimum takes from the total value: the bound without it less the bound with it.
    """

    place: int
    price: float
    room: int
    minimum: int
    used: float
    cost: float


class Plan(msgspec.Struct, frozen=True):
    """The expected total value of the audience, the upper bound, the part between (0 to 1), and the places that bind.

    All are in proportion from the sample: over a smaller one than the audience they are estimates.
    """

    value: float
    bound: float
    gap: float
    limits: tuple[LimitFigures, ...]
    shortfalls: tuple[Shortfall, ...]


def plan_for(sample: Rows, volumes: Volumes, left: Left, slots: int) -> Plan:
    """Price the limits and say what each of them costs; by falling price × units.

    The costs of the `RESOLVED` first are with all other prices found anew, those of the others with them kept, which is
    the most that they can be.
    """
    pricing = prices_for(sample, volumes, left, slots)
    prices = pricing.by_place
    scale = left.customers / max(len(sample), 1)
    used = volumes.units(pricing.choices) * scale
    weight = np.abs(prices) * np.maximum(used, left.minimums)
    order = [int(place) for place in np.argsort(-weight, kind="stable") if prices[place] != 0.0]
    limits = []
    for rank, place in enumerate(order):
        free, others = left.without(place), prices.copy()
        others[place] = 0.0
        without = bound_at(sample, volumes, free, slots, others)
        if rank < RESOLVED:
            without = min(without, prices_for(sample, volumes, free, slots, others).bound)
        cost = max(without - pricing.bound, 0.0)
        room, minimum = int(left.rooms[place]), int(left.minimums[place])
        limits.append(LimitFigures(place, float(prices[place]), room, minimum, float(used[place]), cost))
    gap = 1.0 - pricing.value / pricing.bound if pricing.bound > 0.0 else 0.0
    return Plan(pricing.value, pricing.bound, gap, tuple(limits), pricing.shortfalls)
