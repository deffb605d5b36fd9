"""A policy's value as people read it: by every estimator, with its error and its intervals."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.evaluation.estimators import Ratio
from training.evaluation.intervals import NOWHERE, bootstrap_intervals, clustered_error, empirical_bernstein


class Estimate(msgspec.Struct, frozen=True):
    """A mean value per decision, with its error and intervals of 95 %, all clustered by subject; NaN where unknown.

    `low` and `high` are the bootstrap's; `sure_low` and `sure_high` (empirical Bernstein) hold for every sample size if
    no cluster goes beyond those seen, and are NaN for a self-normalised value, of which that theorem does not speak.
    """

    value: float
    standard_error: float
    low: float
    high: float
    sure_low: float
    sure_high: float


UNTOLD = Estimate(*[float("nan")] * 6)


def estimates_of(ratios: Sequence[Ratio], cluster: NDArray[np.int64]) -> list[Estimate]:
    """The estimates of several values over the same decisions of the clusters int64[n]."""
    intervals = bootstrap_intervals([(ratio, None) for ratio in ratios], cluster)
    found = []
    for ratio, interval in zip(ratios, intervals, strict=True):
        mean = len(ratio.counted) > 0 and bool((ratio.counted == 1.0).all())
        sure = empirical_bernstein(ratio, cluster) if mean else NOWHERE
        error = clustered_error(ratio.influence, cluster) if ratio.counted.sum() else float("nan")
        found.append(Estimate(ratio.value, error, interval.low, interval.high, sure.low, sure.high))
    return found
