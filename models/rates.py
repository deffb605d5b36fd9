"""Smoothed rates: what an offer's propensity is while no forest has been trained.

Each level borrows from the one above it: goal → placement → group of offers → offer. A level with `trials` and
`total` that stands below a parent with mean `m` gets (total + strength × m) / (trials + strength). For responses that
is the mean of a Beta posterior whose prior is Beta(strength × m, strength × (1 − m)); for values it is the same
shrinkage of a mean. So an offer nobody has seen yet takes the rate of its group on that placement: neither first nor
never.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.ids import OfferId, PlacementId
from rules.offer import OfferTable
from rules.workspace import Objective

PRIOR: Mapping[Objective, float] = {"response": 0.05, "value": 1.0, "increment": 0.0}
"""The mean assumed before anything was seen; values and increments are in the goal's own unit.

Of a response and a value only the order of magnitude matters, for it is equal for all offers. An increment is held
against showing nothing, so that any other prior than none would decide for all offers or against them.
"""
STRENGTH = 50.0
"""How many trials a parent level counts for."""


class Count(msgspec.Struct, frozen=True):
    """What became of one offer on one placement.

    `trials` are shown offers whose window has passed; `total` is how many responded, or the sum of their values;
    `group` is the offer's value of the pooling attribute, empty where it has none.
    """

    placement: PlacementId
    offer: OfferId
    group: str
    trials: float
    total: float


class Rates(msgspec.Struct, frozen=True):
    """Smoothed means by level; `pooled_by` is the offer attribute that groups offers, empty for none."""

    pooled_by: str = ""
    overall: float = PRIOR["response"]
    placements: dict[PlacementId, float] = {}
    groups: dict[PlacementId, dict[str, float]] = {}
    offers: dict[PlacementId, dict[OfferId, float]] = {}

    def of(self, placement: PlacementId, offers: OfferTable) -> NDArray[np.float64]:
        """The rate of each offer of the table on a placement."""
        base = self.placements.get(placement, self.overall)
        by_group, by_offer = self.groups.get(placement, {}), self.offers.get(placement, {})
        groups = group_of(offers, self.pooled_by)
        pairs = zip(offers.ids, groups, strict=True)
        return np.array([by_offer.get(offer, by_group.get(group, base)) for offer, group in pairs], np.float64)


def group_of(offers: OfferTable, attribute: str) -> tuple[str, ...]:
    """Each offer's value of a string attribute; empty where it is absent, or for any other attribute."""
    column = offers.columns.get(attribute)
    if column is None or column.type != "string":
        return ("",) * len(offers)
    return tuple(
        column.words[int(code)] if present else "" for code, present in zip(column.data, column.present, strict=True)
    )


def smooth(
    counts: Iterable[Count], pooled_by: str = "", *, prior: float = PRIOR["response"], strength: float = STRENGTH
) -> Rates:
    """The rates that follow from counts.

    `prior` is the mean assumed for the goal before anything was seen; `strength` is how many trials every parent
    counts for. Counts of the same placement and offer add up. Without counts every offer has the prior.
    """
    offers: dict[tuple[PlacementId, OfferId], Count] = {}
    for count in counts:
        known = offers.get((count.placement, count.offer))
        offers[count.placement, count.offer] = count if known is None else _add(known, count)
    ordered = [offers[key] for key in sorted(offers)]
    overall = _shrink(ordered, prior, strength)
    placements = {name: _shrink(rows, overall, strength) for name, rows in _by_placement(ordered).items()}
    groups: dict[PlacementId, dict[str, float]] = {}
    rates: dict[PlacementId, dict[OfferId, float]] = {}
    for placement, rows in _by_placement(ordered).items():
        base = placements[placement]
        of_group: dict[str, list[Count]] = {}
        for row in rows:
            of_group.setdefault(row.group, []).append(row)
        # Offers without a group have nothing in common, so they lean on the placement alone.
        shrunk = {group: _shrink(members, base, strength) for group, members in of_group.items() if group}
        groups[placement] = shrunk
        rates[placement] = {row.offer: _shrink([row], shrunk.get(row.group, base), strength) for row in rows}
    return Rates(pooled_by, overall, placements, groups, rates)


def _add(one: Count, other: Count) -> Count:
    return Count(one.placement, one.offer, one.group, one.trials + other.trials, one.total + other.total)


def _by_placement(counts: Iterable[Count]) -> Mapping[PlacementId, list[Count]]:
    rows: dict[PlacementId, list[Count]] = {}
    for count in counts:
        rows.setdefault(count.placement, []).append(count)
    return rows


def _shrink(counts: Iterable[Count], mean: float, strength: float) -> float:
    trials = total = 0.0
    for count in counts:
        trials += count.trials
        total += count.total
    return (total + strength * mean) / (trials + strength)
