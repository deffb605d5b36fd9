"""How sure a value is: clustered standard errors, bootstrap intervals, and ones that hold for any sample size.

Sources: the bootstrap over clusters is scipy's; the others are Maurer and Pontil's (COLT 2009, theorem 4),
with the range of values seen in the place of that which they can have: no bounds where tails are heavy.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from training.evaluation.actions import Floats
from training.evaluation.estimators import Ratio

LEVEL = 0.95
RESAMPLES = 1_000
MOST_BUNDLES = 5_000
"""Clusters beyond this many are drawn in bundles, which are as independent of each other as clusters are."""
SEED = 20_221_107

Sides = Literal["two-sided", "greater"]
"""Which ends an interval has; one that is `greater` has a lower end alone, which then holds with all of its level."""


class Interval(msgspec.Struct, frozen=True):
    """From where to where; NaN where nothing can be said."""

    low: float
    high: float


NOWHERE = Interval(float("nan"), float("nan"))


def clustered_error(influence: Floats, cluster: NDArray[np.int64]) -> float:
    """The standard error of a sum of centred parts f8[n] that are independent between clusters only.

    NaN with fewer than two clusters.
    """
    sums = np.bincount(_members(cluster), influence)
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt(np.square(sums).sum() * len(sums) / (len(sums) - 1)))


def bootstrap_intervals(
    ratios: Sequence[tuple[Ratio, Ratio | None]],
    cluster: NDArray[np.int64],
    level: float = LEVEL,
    sides: Sides = "two-sided",
) -> list[Interval]:
    """Percentile intervals of ratios, or of the differences of two, from one drawing of clusters for all of them.

    The same arguments give the same intervals.
    """
    bundle = _members(cluster) % MOST_BUNDLES
    number = int(bundle.max(initial=-1)) + 1
    flat = [part for ratio, other in ratios for part in (ratio, ratio if other is None else other)]
    if number < 2 or not flat:
        return [NOWHERE] * len(ratios)
    earned, counted = (
        np.stack([np.bincount(bundle, getattr(part, column), number) for part in flat])
        for column in ("earned", "counted")
    )
    single = np.array([other is None for _, other in ratios])[:, None]
    known = np.array([[0.0 if np.isnan(part.value) else part.value] for part in flat])

    def values(drawn: NDArray[np.intp], axis: int = -1) -> Floats:  # noqa: ARG001 (scipy gives it)
        counts = np.stack([np.bincount(sample, minlength=number) for sample in np.atleast_2d(drawn)]).astype(np.float64)
        below = counted @ counts.T
        # A drawing in which nothing counts tells nothing new.
        found = np.where(below, earned @ counts.T / np.where(below, below, 1.0), known)
        return np.where(single, found[0::2], found[0::2] - found[1::2])

    drawn = bootstrap(
        (np.arange(number),),
        values,
        n_resamples=RESAMPLES,
        batch=max(1, 2_000_000 // number),
        confidence_level=level,
        alternative=sides,
        method="percentile",
        rng=np.random.default_rng(SEED),
        vectorized=True,
    )
    low, high = (np.ravel(side).tolist() for side in drawn.confidence_interval)
    told = [
        not np.isnan(one.value) and not np.isnan(other.value) for one, other in zip(flat[0::2], flat[1::2], strict=True)
    ]
    return [Interval(*ends) if sure else NOWHERE for sure, *ends in zip(told, low, high, strict=True)]


def empirical_bernstein(ratio: Ratio, cluster: NDArray[np.int64], level: float = LEVEL) -> Interval:
    """An interval for a mean over decisions that holds for every sample size, if no cluster goes beyond those seen.

    The unit is the cluster: what it earned, in parts of a mean cluster's decisions. Wider than the bootstrap's, for it
    assumes nothing of the distribution but its range.
    """
    members = _members(cluster)
    clusters = int(members.max(initial=-1)) + 1
    if clusters < 2:
        return NOWHERE
    parts = np.bincount(members, ratio.earned) * clusters / ratio.counted.sum()
    range = float(parts.max() - parts.min())
    # Each side may fail with half of what the level leaves.
    surprise = np.log(4 / (1 - level))
    reach = float(np.sqrt(2 * parts.var(ddof=1) * surprise / clusters) + 7 * range * surprise / (3 * (clusters - 1)))
    return Interval(float(parts.mean()) - reach, float(parts.mean()) + reach)


def _members(cluster: NDArray[np.int64]) -> NDArray[np.intp]:
    """The clusters numbered from 0."""
    return np.unique(cluster, return_inverse=True)[1]
