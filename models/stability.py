"""How much a spread of values has shifted: the population stability index, and what of it chance alone explains."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from models.reference import Histogram, Shift, Spread, Stability

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

BINS = 10
"""Bins between the smallest and the largest number seen."""
CATEGORIES = 20
"""Strings that get a bin of their own, the most frequent ones."""
LEAST = 50.0
"""People of equal weight at a placement below whom it tells nothing."""
_SURE = 0.001


class Crowd(msgspec.Struct, frozen=True, eq=False):
    """Whom offers were shown to, one row for each shown offer; make one with `crowd_of`.

    `person` and `place` are numbers from 0, the latter of one of the `placements`.
    """

    position: Floats
    probability: Floats
    person: Places
    place: Places
    placements: tuple[str, ...]

    def weights(self, of_request: bool) -> Floats:
        """What each row counts for in a spread that does not depend on the policy that showed the offers.

        What says something of the request alone is counted once a decision. Anything else is spread as if offers had
        been drawn uniformly: each counts for the inverse of its probability, and for nothing where that is unknown.
        """
        if of_request:
            return np.where(self.position == 1.0, 1.0, 0.0)
        known = np.nan_to_num(self.probability) > 0.0
        return np.where(known, 1.0 / np.where(known, self.probability, 1.0), 0.0)

    def take(self, rows: Places) -> "Crowd":
        """The same of a subset of rows."""
        return Crowd(self.position[rows], self.probability[rows], self.person[rows], self.place[rows], self.placements)


def crowd_of(position: Floats, probability: Floats, subject: NDArray[np.str_], placement: NDArray[np.str_]) -> Crowd:
    """The crowd of shown offers: each one's rank from 1, its probability there (NaN unknown), its subject and place."""
    placements, place = np.unique(placement, return_inverse=True)
    person = np.unique(subject, return_inverse=True)[1]
    return Crowd(position, probability, person, place, tuple(placements.tolist()))


def spread(values: Floats, crowd: Crowd, of_request: bool, categorical: bool = False) -> Histogram | None:
    """The histogram of values f8[n] (NaN is missing); None where no placement has people enough to tell anything."""
    weights = crowd.weights(of_request)
    known = (weights > 0.0) & ~np.isnan(values)
    edges: tuple[float, ...] = ()
    categories: tuple[float, ...] | None = None
    if categorical:
        codes, places = np.unique(values[known], return_inverse=True)
        totals = np.bincount(places, weights[known], len(codes))
        categories = tuple(np.sort(codes[np.argsort(-totals, kind="stable")[:CATEGORIES]]).tolist())
    else:
        edges = _edges(values[known], weights[known])
    placements = _filled(values, weights, crowd, edges, categories)
    return Histogram(dict(placements), edges, categories) if placements else None


def stability(reference: Histogram, values: Floats, crowd: Crowd, of_request: bool) -> Stability | None:
    """How far other values are from a reference; None where they have no placement in common that tells enough.

    Placements count alike on both sides, each for as much as is known of it: how many people come where is no shift.
    The index is the sum of (r - s) ln(r / s) over the bins' shares r and s, also known as Jeffreys' divergence. Between
    two samples of the same population it is about chi-squared, with a degree of freedom less than there are bins, times
    the sum of the inverse sizes (Yurdakul, "Statistical properties of population stability index", 2018).
    """
    now = _filled(values, crowd.weights(of_request), crowd, reference.edges, reference.categories)
    common = sorted(now.keys() & reference.placements.keys())
    if not common:
        return None
    before_size, now_size = (np.array([by[place].size for place in common]) for by in (reference.placements, now))
    known = 1.0 / (1.0 / before_size + 1.0 / now_size)
    weight = known / known.sum()
    one, other = (weight @ np.array([by[place].shares for place in common]) for by in (reference.placements, now))
    used = (one > 0.0) | (other > 0.0)
    shares = one, other
    # An empty bin counts as half a person, for the logarithm of nothing is infinite.
    one, other = (
        np.maximum(shares[used], 0.5 * float((weight * weight / size).sum()))
        for shares, size in ((one, before_size), (other, now_size))
    )
    parts = (other - one) * np.log(other / one)
    most = int(np.flatnonzero(used)[parts.argmax()])
    shift = Shift(reference.tell(most), float(shares[0][most]), float(shares[1][most]))
    return Stability(float(parts.sum()), float(chdtri(max(int(used.sum()) - 1, 1), _SURE) / known.sum()), shift)


def _edges(values: Floats, weights: Floats) -> tuple[float, ...]:
    """Just below the smallest value, at the weighted quantiles, and at the largest: beyond is what was never seen."""
    if not len(values):
        return ()
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = np.searchsorted(reached, reached[-1] * np.arange(1, BINS) / BINS)
    inner = values[order][np.minimum(at, len(values) - 1)]
    lowest, highest = values.min(), values.max()
    return tuple(np.unique([np.nextafter(lowest, -np.inf), *inner, highest]).tolist())


def _filled(
    values: Floats,
    weights: Floats,
    crowd: Crowd,
    edges: tuple[float, ...],
    categories: tuple[float, ...] | None,
) -> Mapping[str, Spread]:
    """The spread at each placement that has people enough."""
    if categories is None:
        missing = len(edges) + 1
        bins = np.searchsorted(np.array(edges), values, side="left")
    else:
        missing = len(categories) + 1
        known = np.array(categories)
        at = np.searchsorted(known, values)
        found = known[np.minimum(at, len(known) - 1)] == values if len(known) else np.zeros(len(values), np.bool_)
        bins = np.where(found, at, len(known))
    bins = np.where(np.isnan(values), missing, bins)
    filled = {}
    for number, placement in enumerate(crowd.placements):
        own = (crowd.place == number) & (weights > 0.0)
        total = weights[own].sum()
        # Kish's effective size, of what each person counts for.
        size = float(total * total / np.square(np.bincount(crowd.person[own], weights[own])).sum()) if total else 0.0
        if size >= LEAST:
            shares = np.bincount(bins[own], weights[own], missing + 1) / total
            filled[placement] = Spread(tuple(shares.tolist()), size)
    return filled
