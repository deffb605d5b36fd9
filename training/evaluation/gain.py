"""What one policy would have earned more than another on the same decisions."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.estimators import Ratio, doubly_robust
from training.evaluation.intervals import LEVEL, NOWHERE, Sides, bootstrap_intervals, clustered_error
from training.evaluation.support import support_of


class Gain(msgspec.Struct, frozen=True):
    """A gain per decision by DR, paired, with its interval and its error clustered by subject.

    `high` is infinite where only the lower end was asked for; `beside` is what the other policy earned by DR. All
    figures but `decisions` are NaN where `refusal` says why none can be told.
    """

    value: float
    low: float
    high: float
    standard_error: float
    beside: float
    decisions: int
    refusal: str = ""


_NAN = float("nan")
NO_GAIN = Gain(_NAN, _NAN, _NAN, _NAN, _NAN, 0, "there is nothing to gain over")


def paired_gain(
    logged: LoggedActions,
    policy: PolicyActions,
    beside: PolicyActions,
    rows: NDArray[np.intp] | NDArray[np.bool_] | None = None,
    level: float = LEVEL,
    sides: Sides = "two-sided",
) -> Gain:
    """The gain of a policy over another, on all decisions or on some `rows` of them.

    Pairing takes out what both have in common: decisions on which the two do the same add nothing to the error.
    """
    if rows is not None:
        logged, policy, beside = logged.take(rows), policy.take(rows), beside.take(rows)
    first, second = doubly_robust(logged, policy), doubly_robust(logged, beside)
    refusal = next(
        (found.refusal for found in (support_of(logged, policy), support_of(logged, beside)) if found.refusal), ""
    )
    return gain_between(first, second, logged.cluster, refusal, level, sides)


def gain_between(
    first: Ratio,
    second: Ratio,
    cluster: NDArray[np.int64],
    refusal: str,
    level: float = LEVEL,
    sides: Sides = "two-sided",
) -> Gain:
    """The gain of one value over another on the same decisions, of the clusters int64[n]."""
    if refusal:
        return Gain(_NAN, _NAN, _NAN, _NAN, _NAN, len(cluster), refusal)
    (interval,) = bootstrap_intervals([(first, second)], cluster, level, sides) or [NOWHERE]
    error = clustered_error(first.influence - second.influence, cluster)
    return Gain(first.value - second.value, interval.low, interval.high, error, second.value, len(cluster))
