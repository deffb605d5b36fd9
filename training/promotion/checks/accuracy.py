"""Does it predict later outcomes no worse than the champion, or than one figure for all?"""

from collections.abc import Collection

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.gate import Check
from training.evaluation.intervals import clustered_error

REACH = 1.959964
"""Standard errors on either side that hold 95 % of a normal distribution."""
_EDGE = 1e-12


class Losses(msgspec.Struct, frozen=True, eq=False):
    """What the challenger's and the champion's predictions cost, f8[n], for rows of these decisions and clusters."""

    own: NDArray[np.float64]
    champion: NDArray[np.float64]
    decision: NDArray[np.str_]
    cluster: NDArray[np.intp]

    def of(self, decisions: Collection[str]) -> "Losses":
        """The losses for some of the decisions."""
        rows = np.isin(self.decision, list(decisions))
        return Losses(self.own[rows], self.champion[rows], self.decision[rows], self.cluster[rows])


def losses(prediction: NDArray[np.float64], target: NDArray[np.float64], response: bool) -> NDArray[np.float64]:
    """What each prediction costs, f8[n]: nats of log loss for responses, else squared units of value."""
    if not response:
        return np.asarray(np.square(target - prediction))
    likely = np.clip(prediction, _EDGE, 1 - _EDGE)
    return np.asarray(-np.where(target > 0, np.log(likely), np.log1p(-likely)))


def check_accuracy(
    model: NDArray[np.float64], beside: NDArray[np.float64], cluster: NDArray[np.intp], response: bool
) -> Check:
    """Its losses f8[n] must not be shown to be larger than the champion's on the same rows."""
    return _no_larger("accuracy", model, ("the champion's", beside), cluster, response)


def check_worth(model: NDArray[np.float64], constant: NDArray[np.float64], cluster: NDArray[np.intp]) -> Check:
    """Its losses f8[n] for values must not be shown to be larger than those of one figure for all.

    That they are smaller cannot be asked: a few large values hide what was learned.
    """
    return _no_larger("worth", model, ("that of one figure for all", constant), cluster, False)


def check_served(
    served: NDArray[np.float64], judged: NDArray[np.float64], cluster: NDArray[np.intp], response: bool
) -> Check:
    """What would serve must not be shown to lose more than what was judged: it has learned from more."""
    return _no_larger("served", served, ("that of what was judged in its place", judged), cluster, response)


def _no_larger(
    name: str,
    own: NDArray[np.float64],
    beside: tuple[str, NDArray[np.float64]],
    cluster: NDArray[np.intp],
    response: bool,
) -> Check:
    whose, other = beside
    least, _ = interval(own - other, cluster)
    measure = "log loss" if response else "squared error"
    verdict = "not shown to be larger" if least <= 0.0 else f"larger by {least:.2g} at least, with 95 % confidence"
    said = f"Its {measure} per shown offer is {own.mean():.5g} and {whose} {other.mean():.5g}: {verdict}."
    return Check(name, least <= 0.0, said, least, 0.0)


def interval(difference: NDArray[np.float64], cluster: NDArray[np.intp], errors: float = REACH) -> tuple[float, float]:
    """The mean's interval, by so many clustered standard errors; the mean itself where there is but one cluster."""
    mean = float(difference.mean())
    error = clustered_error((difference - mean) / len(difference), cluster)
    return (mean, mean) if np.isnan(error) else (mean - errors * error, mean + errors * error)
