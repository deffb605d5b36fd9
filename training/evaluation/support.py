"""Whether a log can tell what a policy is worth at all.

Source: Kish (1965) for the effective sample size. Where the log tried all that a policy does, the weights' mean is 1
but for chance: what it lacks is the policy's probability on actions that the log never could take.
"""

import msgspec
import numpy as np

from training.evaluation.actions import LoggedActions, PolicyActions, importance_weights
from training.evaluation.intervals import clustered_error

MOST_OUTSIDE = 0.05
"""Share of a policy's probability that may lie where the log never went; what that part earns is a guess."""
LEAST_EFFECTIVE = 30.0
"""Decisions of equal weight below which a mean and its interval mean nothing."""
TWO_ERRORS = 2.0


class Support(msgspec.Struct, frozen=True):
    """How far a log supports a policy; `refusal` says why no value can be told, and is empty where one can.

    `effective_sample_size` is how many decisions of equal weight would tell as much. `outside` is the share of the
    policy's probability on actions that the log could not take: known exactly, or else what the mean weight lacks of 1.
    """

    decisions: int
    effective_sample_size: float
    mean_weight: float
    outside: float
    refusal: str = ""


def support_of(logged: LoggedActions, policy: PolicyActions) -> Support:
    """The support of a policy in a log; refuses where too much lies outside, or too few decisions carry the weight."""
    weights = importance_weights(logged, policy)
    if not len(weights):
        nan = float("nan")
        return Support(0, 0.0, nan, nan, "there are no decisions")
    squares = float(np.square(weights).sum())
    effective = float(weights.sum()) ** 2 / squares if squares else 0.0
    mean = float(weights.mean())
    known = np.isfinite(policy.outside)
    error = clustered_error((weights - mean) / len(weights), logged.cluster)
    if known.all():
        outside = float(policy.outside.mean())
        beyond = outside > MOST_OUTSIDE
    else:
        outside = max(0.0, 1.0 - mean)
        beyond = outside > MOST_OUTSIDE and not mean + TWO_ERRORS * error > 1.0
    refusal = ""
    if beyond:
        refusal = f"{outside:.0%} of what it would do was never tried in the log"
    elif effective < LEAST_EFFECTIVE:
        refusal = f"the log did the same too rarely: its weights tell as much as {effective:.0f} decisions"
    return Support(len(weights), effective, mean, outside, refusal)
