"""Whether a log can tell what a policy is worth at all.

Source: Kish (1965) for the effective sample size. Where the log tried all that a policy does, the weights' mean is 1
but for chance: what it lacks is the policy's probability on actions that the log never could take.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.evaluation.actions import Floats, LoggedActions, PolicyActions, importance_weights
from training.evaluation.intervals import clustered_error

MOST_OUTSIDE = 0.05
"""Share of a policy's probability that may lie where the log never went; what that part earns is a guess."""
LEAST_EFFECTIVE = 30.0
"""Subjects of equal weight below which a mean and its interval mean nothing."""
TWO_ERRORS = 2.0


class Support(msgspec.Struct, frozen=True):
    """How far a log supports a policy; `refusal` says why no value can be told, and is empty where one can.

    `effective_sample_size` is how many decisions of equal weight would tell as much. `outside` is the share of the
    policy's probability on actions that the log could not take: exact for decisions where that is known, and what the
    mean weight of the others lacks of 1; `untried` says that it is too much, and more than chance explains.
    """

    decisions: int
    effective_sample_size: float
    mean_weight: float
    outside: float
    refusal: str = ""
    untried: bool = False


def support_of(logged: LoggedActions, policy: PolicyActions) -> Support:
    """The support of a policy in a log; refuses where too much lies outside, or too few subjects carry the weight.

    What mean weights lack counts only as far as it is beyond two of its standard errors: in a small log a good policy
    may lack a quarter by chance.
    """
    weights = importance_weights(logged, policy)
    if not len(weights):
        nan = float("nan")
        return Support(0, 0.0, nan, nan, "there are no decisions")
    known = np.isfinite(policy.outside)
    lack, error = _lack(weights[~known], logged.cluster[~known])
    guessed = float((~known).mean())
    outside = float(policy.outside[known].sum()) / len(weights) + guessed * lack
    subjects = effective_subjects(weights, logged.cluster)
    refusal, untried = "", outside - guessed * TWO_ERRORS * error > MOST_OUTSIDE
    if untried:
        refusal = f"{outside:.0%} of what it would do was never tried in the log"
    elif subjects < LEAST_EFFECTIVE:
        refusal = f"the log did the same too rarely: its weights tell as much as {subjects:.0f} subjects"
    return Support(len(weights), effective_number(weights), float(weights.mean()), outside, refusal, untried)


def effective_number(weights: Floats) -> float:
    """How many equal weights would tell as much as these f8[n]."""
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def effective_subjects(weights: Floats, cluster: NDArray[np.int64]) -> float:
    """The same of whole subjects, whose decisions' weights f8[n] count together."""
    members = np.unique(cluster, return_inverse=True)[1]
    return effective_number(np.asarray(np.bincount(members, weights), np.float64))


def _lack(weights: Floats, cluster: NDArray[np.int64]) -> tuple[float, float]:
    """What the mean of weights lacks of 1, and its error if nothing lay outside.

    Where the mean is low by chance, so are its squares: they are taken as large as they would be with a mean of 1.
    """
    mean = float(weights.mean()) if len(weights) else 1.0
    if not 0 < mean < 1:
        return max(0.0, 1.0 - mean), 0.0
    error = clustered_error((weights - mean) / len(weights), cluster)
    return 1.0 - mean, error / float(np.sqrt(mean)) if np.isfinite(error) else 0.0
