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
    figure, _ = interval(model - beside, cluster)
    said = (
        f"It loses {model.mean():.5g} per shown offer and the champion {beside.mean():.5g}: "
        f"at least {figure:+.2g} more, with 95 % confidence."
    )
    return Check("accuracy", figure <= 0.0, said, figure, 0.0)


def check_worth(model: NDArray[np.float64], constant: NDArray[np.float64], cluster: NDArray[np.intp]) -> Check:
    """Its losses f8[n] for values must not be shown to be larger than those of one figure for all.

    That they are smaller cannot be asked: a few large values hide what was learned.
    """
    figure, _ = interval(model - constant, cluster)
    said = (
        f"It loses {model.mean():.5g} per shown offer and one figure for all {constant.mean():.5g}: "
        f"at least {figure:+.2g} more, with 95 % confidence."
    )
    return Check("worth", figure <= 0.0, said, figure, 0.0)


def check_served(served: NDArray[np.float64], judged: NDArray[np.float64], cluster: NDArray[np.intp]) -> Check:
    """What would serve must not be shown to lose more than what was judged: it has learned from more."""
    figure, _ = interval(served - judged, cluster)
    said = (
        f"What would serve loses {served.mean():.5g} per shown offer, and what was judged in its place "
        f"{judged.mean():.5g}: at least {figure:+.2g} more."
    )
    return Check("served", figure <= 0.0, said, figure, 0.0)


def interval(difference: NDArray[np.float64], cluster: NDArray[np.intp], errors: float = REACH) -> tuple[float, float]:
    """The mean's interval, by so many clustered standard errors; the mean itself where there is but one cluster."""
    mean = float(difference.mean())
    error = clustered_error((difference - mean) / len(difference), cluster)
    return (mean, mean) if np.isnan(error) else (mean - errors * error, mean + errors * error)
