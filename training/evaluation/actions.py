"""Logged decisions as columns, and what a policy would have done on them."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class LoggedActions(msgspec.Struct, frozen=True, eq=False):
    """What each logged action earned, its probability, whose decision it was, and what it was expected to earn.

    `value` f8[n] in units of the goal; `probability` f8[n] in (0, 1]; `cluster` int64[n], equal for decisions that are
    not independent of each other (one subject's); `predicted` f8[n] is a reward model's figure for the action, of a
    model that learned nothing from this cluster (zeros where there is no such model).
    """

    value: Floats
    probability: Floats
    cluster: NDArray[np.int64]
    predicted: Floats

    def __len__(self) -> int:
        return len(self.value)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "LoggedActions":
        """The same columns over a subset of decisions."""
        return LoggedActions(self.value[rows], self.probability[rows], self.cluster[rows], self.predicted[rows])


class PolicyActions(msgspec.Struct, frozen=True, eq=False):
    """What a policy would do on the same decisions.

    `chance` f8[n] is its probability of the logged action; `predicted` f8[n] the reward model's figure averaged over
    its actions, by their probabilities; `outside` f8[n] its probability of actions that the logged policy could not
    have taken, NaN where that is not known.
    """

    chance: Floats
    predicted: Floats
    outside: Floats

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "PolicyActions":
        """The same columns over a subset of decisions."""
        return PolicyActions(self.chance[rows], self.predicted[rows], self.outside[rows])


def unpredicted(value: Floats, probability: Floats, cluster: NDArray[np.int64]) -> LoggedActions:
    """Logged actions without a reward model."""
    return LoggedActions(value, probability, cluster, np.zeros(len(value)))


def chances_only(chance: Floats) -> PolicyActions:
    """A policy of which only the probability of the logged actions is known."""
    return PolicyActions(chance, np.zeros(len(chance)), np.full(len(chance), np.nan))


def importance_weights(logged: LoggedActions, policy: PolicyActions) -> Floats:
    """Probability of the action taken under a policy over its logged probability, f8[n]; raises ValueError on p ≤ 0."""
    if len(logged) and not logged.probability.min() > 0:
        raise ValueError("A logged probability is not positive; leave out decisions whose probability is unknown.")
    return np.asarray(policy.chance / logged.probability)
