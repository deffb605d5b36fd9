"""What a policy would have earned on logged decisions, by five estimators.

Sources: inverse propensity scoring, Horvitz and Thompson (1952); self-normalised, Swaminathan and Joachims (NIPS 2015);
doubly robust, Dudík, Langford and Li (ICML 2011); switch, Wang, Agarwal and Dudík (ICML 2017). Each is a ratio of two
sums over decisions, so that all get their errors and intervals in one way.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from training.evaluation.actions import Floats, LoggedActions, PolicyActions, importance_weights


class Ratio(msgspec.Struct, frozen=True, eq=False):
    """A value per decision as a sum over a sum: `earned` f8[n] over `counted` f8[n]."""

    earned: Floats
    counted: Floats

    @property
    def value(self) -> float:
        """The value per decision; NaN when nothing counts."""
        total = float(self.counted.sum())
        return float(self.earned.sum()) / total if total else float("nan")

    @property
    def influence(self) -> Floats:
        """How far each decision moves the value, f8[n]; sums to 0."""
        return np.asarray((self.earned - self.value * self.counted) / self.counted.sum())


def inverse_propensity(logged: LoggedActions, policy: PolicyActions) -> Ratio:
    """IPS: unbiased where the log tried all that the policy does."""
    return _mean(importance_weights(logged, policy) * logged.value)


def self_normalised(logged: LoggedActions, policy: PolicyActions) -> Ratio:
    """SNIPS: IPS divided by the mean weight; slightly biased, with far less variance."""
    weights = importance_weights(logged, policy)
    return Ratio(weights * logged.value, weights)


def direct_method(logged: LoggedActions, policy: PolicyActions) -> Ratio:
    """DM: what the reward model says; as biased as the model is."""
    return _mean(policy.predicted * np.ones(len(logged)))


def doubly_robust(logged: LoggedActions, policy: PolicyActions) -> Ratio:
    """DR: DM, and the weighted errors of the model on what was logged; unbiased as IPS is, whatever the model."""
    weights = importance_weights(logged, policy)
    return _mean(policy.predicted + weights * (logged.value - logged.predicted))


def switch_doubly_robust(logged: LoggedActions, policy: PolicyActions, threshold: float | None = None) -> Ratio:
    """Switch-DR: DR where the weight is at most the threshold, DM elsewhere.

    Without a threshold it is √n, at which a truncated mean is still consistent (Ionides 2008).
    """
    weights = importance_weights(logged, policy)
    kept = weights <= (np.sqrt(len(weights)) if threshold is None else threshold)
    return _mean(policy.predicted + np.where(kept, weights, 0.0) * (logged.value - logged.predicted))


def _mean(earned: Floats) -> Ratio:
    return Ratio(earned, np.ones(len(earned)))


ESTIMATORS: dict[str, Callable[[LoggedActions, PolicyActions], Ratio]] = {
    "IPS": inverse_propensity,
    "SNIPS": self_normalised,
    "DM": direct_method,
    "DR": doubly_robust,
    "Switch-DR": switch_doubly_robust,
}
"""All of them by their names."""
