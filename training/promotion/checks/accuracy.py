"""Does it predict later outcomes no worse than the champion, or than one figure for all?"""

import numpy as np
from numpy.typing import NDArray

from models.gate import Check
from training.evaluation.intervals import clustered_error

REACH = 1.959964
"""Standard errors on either side that hold 95 % of a normal distribution."""
_EDGE = 1e-12


def losses(prediction: NDArray[np.float64], target: NDArray[np.float64], response: bool) -> NDArray[np.float64]:
    """What each prediction costs, f8[n]: nats of log loss for responses, else squared units of value."""
    if not response:
        return np.asarray(np.square(target - prediction))
    likely = np.clip(prediction, _EDGE, 1 - _EDGE)
    return np.asarray(-np.where(target > 0, np.log(likely), np.log1p(-likely)))


def check_accuracy(model: NDArray[np.float64], beside: NDArray[np.float64], cluster: NDArray[np.intp]) -> Check:
    """Its losses f8[n] must not be shown to be larger than the champion's on the same rows."""
    figure = _least(model - beside, cluster)
    said = (
        f"It loses {model.mean():.5g} per shown offer and the champion {beside.mean():.5g}: "
        f"at least {figure:+.2g} more, with 95 % confidence."
    )
    return Check("accuracy", figure <= 0.0, said, figure, 0.0)


def check_worth(model: NDArray[np.float64], constant: NDArray[np.float64], cluster: NDArray[np.intp]) -> Check:
    """Its losses f8[n] for values must not be shown to be larger than those of one figure for all.

    That they are smaller cannot be asked: a few large values hide what was learned.
    """
    figure = _least(model - constant, cluster)
    said = (
        f"It loses {model.mean():.5g} per shown offer and one figure for all {constant.mean():.5g}: "
        f"at least {figure:+.2g} more, with 95 % confidence."
    )
    return Check("worth", figure <= 0.0, said, figure, 0.0)


def _least(difference: NDArray[np.float64], cluster: NDArray[np.intp]) -> float:
    """The lower end of the mean's 95 % interval, clustered; the mean itself where there is but one cluster."""
    mean = float(difference.mean())
    error = clustered_error((difference - mean) / len(difference), cluster)
    return mean if np.isnan(error) else mean - REACH * error
