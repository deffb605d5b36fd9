"""How much a spread of values has shifted: the population stability index, and what of it chance alone explains."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from models.reference import Histogram, Stability

Floats = NDArray[np.float64]
People = NDArray[np.intp]

BINS = 10
"""Bins between the smallest and the largest number seen."""
CATEGORIES = 20
"""Strings that get a bin of their own, the most frequent ones."""
LEAST = 50.0
"""People of equal weight below whom nothing is told."""
_SURE = 0.001


def weights_of(of_request: bool, position: Floats, probability: Floats) -> Floats:
    """What each shown offer f8[n] counts for in a spread that does not depend on the policy that showed it.

    What says something of the request alone is counted once a decision. Anything else is spread as if offers had been
    drawn uniformly: each counts for the inverse of its probability, and one whose probability is unknown for nothing.
    """
    if of_request:
        return np.where(position == 1.0, 1.0, 0.0)
    known = np.nan_to_num(probability) > 0.0
    return np.where(known, 1.0 / np.where(known, probability, 1.0), 0.0)


def spread(values: Floats, weights: Floats, people: People, categorical: bool = False) -> Histogram | None:
    """The histogram of values f8[n] (NaN is missing) with weights f8[n]; None where too few count for anything.

    `people` int[n] numbers whose row each is, from 0: the rows of one person tell no more than one row.
    """
    kept = weights > 0.0
    values, weights, people = values[kept], weights[kept], people[kept]
    known = ~np.isnan(values)
    if categorical:
        codes, places = np.unique(values[known], return_inverse=True)
        totals = np.bincount(places, weights[known], len(codes))
        frequent = np.sort(codes[np.argsort(-totals, kind="stable")[:CATEGORIES]])
        return _filled(values, weights, people, (), tuple(frequent.tolist()))
    return _filled(values, weights, people, _edges(values[known], weights[known]), None)


def spread_again(reference: Histogram, values: Floats, weights: Floats, people: People) -> Histogram | None:
    """The spread of other values over the same bins; None where too few count for anything."""
    kept = weights > 0.0
    return _filled(values[kept], weights[kept], people[kept], reference.edges, reference.categories)


def stability(reference: Histogram, recent: Histogram) -> Stability:
    """How far a recent spread is from that of the reference, over the same bins.

    The index is the sum of (r - s) ln(r / s) over the bins' shares r and s, also known as Jeffreys' divergence. Between
    two samples of the same population it is about chi-squared, with a degree of freedom less than there are bins, times
    the sum of the inverse sizes (Yurdakul, "Statistical properties of population stability index", 2018).
    """
    one, other = np.array(reference.shares), np.array(recent.shares)
    used = (one > 0.0) | (other > 0.0)
    # An empty bin counts as half a row, for the logarithm of nothing is infinite.
    before, now = np.maximum(one[used], 0.5 / reference.size), np.maximum(other[used], 0.5 / recent.size)
    index = float(((now - before) * np.log(now / before)).sum())
    freedom = max(int(used.sum()) - 1, 1)
    return Stability(index, float(chdtri(freedom, _SURE)) * (1.0 / reference.size + 1.0 / recent.size))


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
    people: People,
    edges: tuple[float, ...],
    categories: tuple[float, ...] | None,
) -> Histogram | None:
    total = weights.sum()
    # Kish's effective size, of what each person counts for.
    size = float(total * total / np.square(np.bincount(people, weights)).sum()) if len(weights) else 0.0
    if size < LEAST:
        return None
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
    shares = np.bincount(bins, weights, missing + 1) / total
    return Histogram(tuple(shares.tolist()), size, edges, categories)
