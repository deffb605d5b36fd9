"""What a policy would have earned on logged decisions, by importance weighting.

Source: Horvitz and Thompson (1952) for inverse propensity scoring, Swaminathan and Joachims (NIPS 2015) for the
self-normalised form, Kish (1965) for the effective sample size.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray


class LoggedActions(msgspec.Struct, frozen=True, eq=False):
    """Logged decisions as columns: what the action taken earned, its probability, and whose decision it was.

    `value` f8[n] in units of the goal; `probability` f8[n] in (0, 1]; `cluster` int64[n], equal for decisions that are
    not independent of each other (one subject's).
    """

    value: NDArray[np.float64]
    probability: NDArray[np.float64]
    cluster: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.value)

    def take(self, rows: NDArray[np.intp]) -> "LoggedActions":
        """The same columns over a subset of decisions."""
        return LoggedActions(self.value[rows], self.probability[rows], self.cluster[rows])


class Estimate(msgspec.Struct, frozen=True):
    """A mean value per decision with its clustered standard error.

    `effective_sample_size` is how many decisions of equal weight would tell as much; `mean_weight` is near 1 when the
    logged policy gave every action of the estimated one a chance, and well below 1 where it did not. All but
    `decisions` are NaN when nothing can be said.
    """

    value: float
    standard_error: float
    effective_sample_size: float
    mean_weight: float
    decisions: int


def importance_weights(logged: LoggedActions, policy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of the action taken under a policy over its logged probability, f8[n]; raises ValueError on p ≤ 0."""
    if len(logged) and logged.probability.min() <= 0:
        raise ValueError("A logged probability is not positive; leave out decisions whose probability is unknown.")
    return np.asarray(policy / logged.probability)


def inverse_propensity(logged: LoggedActions, policy: NDArray[np.float64]) -> Estimate:
    """IPS: unbiased under full support; `policy` f8[n] is the estimated policy's chance of the action taken."""
    weights = importance_weights(logged, policy)
    if not len(weights):
        return _nothing(0)
    earned = weights * logged.value
    value = float(earned.mean())
    return _estimate(value, (earned - value) / len(weights), weights, logged.cluster)


def self_normalised(logged: LoggedActions, policy: NDArray[np.float64]) -> Estimate:
    """SNIPS: IPS divided by the mean weight; slightly biased, with far less variance; error by linearisation."""
    weights = importance_weights(logged, policy)
    total = float(weights.sum())
    if total == 0:
        return _nothing(len(weights))
    value = float(weights @ logged.value) / total
    return _estimate(value, weights * (logged.value - value) / total, weights, logged.cluster)


def gain(logged: LoggedActions, policy: NDArray[np.float64], beside: NDArray[np.float64]) -> tuple[float, float]:
    """The difference of two policies' SNIPS values on the same decisions, and its paired, clustered standard error."""
    first, second = importance_weights(logged, policy), importance_weights(logged, beside)
    if first.sum() == 0 or second.sum() == 0:
        return float("nan"), float("nan")
    first, second = first / first.sum(), second / second.sum()
    value, other = float(first @ logged.value), float(second @ logged.value)
    influence = first * (logged.value - value) - second * (logged.value - other)
    return value - other, clustered_error(influence, logged.cluster)


def clustered_error(influence: NDArray[np.float64], cluster: NDArray[np.int64]) -> float:
    """The standard error of a sum of centred parts f8[n] that are independent between clusters only.

    NaN with fewer than two clusters.
    """
    _, member = np.unique(cluster, return_inverse=True)
    sums = np.bincount(member, influence)
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt(np.square(sums).sum() * len(sums) / (len(sums) - 1)))


def _estimate(
    value: float, influence: NDArray[np.float64], weights: NDArray[np.float64], cluster: NDArray[np.int64]
) -> Estimate:
    squares = float(np.square(weights).sum())
    return Estimate(
        value=value,
        standard_error=clustered_error(influence, cluster),
        effective_sample_size=float(weights.sum()) ** 2 / squares if squares else 0.0,
        mean_weight=float(weights.mean()),
        decisions=len(weights),
    )


def _nothing(decisions: int) -> Estimate:
    nan = float("nan")
    return Estimate(nan, nan, 0.0, 0.0 if decisions else nan, decisions)
