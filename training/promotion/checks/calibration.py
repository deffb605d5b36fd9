"""Are predictions still as near to what happens as the champion's?

Source: the debiased calibration error of Kumar, Liang and Ma (NeurIPS 2019). Without taking off what chance adds to
each bin, a coarse predictor would look better calibrated than a sharp one.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from models.gate import Check

BINS = 10
RESAMPLES = 400
ONE_SIDED = 0.025


def check_calibration(
    model: NDArray[np.float64],
    beside: NDArray[np.float64],
    target: NDArray[np.float64],
    cluster: NDArray[np.intp],
    tolerance: float,
) -> Check:
    """The challenger's squared calibration error may exceed the champion's by so much of the mean outcome, squared.

    It fails where that is so with 97.5 % confidence, by a Poisson bootstrap of the clusters int64[n] (rows that are not
    independent).
    """
    one, other = _Binned(model, target), _Binned(beside, target)
    random = np.random.default_rng(0)
    clusters = int(cluster.max()) + 1
    grown = np.empty(RESAMPLES)
    for turn in range(RESAMPLES):
        weights = random.poisson(1.0, clusters)[cluster].astype(np.float64)
        # A resample has its own chance on top of the sample's.
        grown[turn] = one.squared_error(weights, 2.0) - other.squared_error(weights, 2.0)
    everyone = np.ones(len(target))
    errors = [sqrt(max(0.0, each.squared_error(everyone, 1.0))) for each in (one, other)]
    mean = max(float(np.abs(target).mean()), np.finfo(np.float64).tiny)
    least = float(np.quantile(grown, ONE_SIDED))
    figure = sqrt(max(0.0, least)) / mean
    said = (
        f"The calibration error is {errors[0]:.4g} and the champion's {errors[1]:.4g}, where {mean:.4g} is the mean; "
        f"it has grown by {figure:.1%} of that mean at least, and may by {tolerance:.1%}."
    )
    return Check("calibration", figure <= tolerance, said, figure, tolerance)


def calibration_error(prediction: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """The root mean square of how far predictions f8[n] are from targets f8[n], over bins, without what is chance."""
    return sqrt(max(0.0, _Binned(prediction, target).squared_error(np.ones(len(target)), 1.0)))


class _Binned:
    """Residuals in bins of about equally many rows; equal predictions share one."""

    def __init__(self, prediction: NDArray[np.float64], target: NDArray[np.float64]) -> None:
        edges = np.unique(np.quantile(prediction, np.arange(1, BINS) / BINS))
        self._bin = np.searchsorted(edges, prediction, side="left")
        self._residual = prediction - target
        count = np.bincount(self._bin, minlength=BINS).astype(np.float64)
        mean = np.bincount(self._bin, self._residual, BINS) / np.maximum(count, 1.0)
        spread = np.bincount(self._bin, np.square(self._residual - mean[self._bin]), BINS)
        # The variance of each bin's mean; a bin of one row tells nothing of its own.
        self._chance = spread / np.maximum(count - 1.0, 1.0) / np.maximum(count, 1.0)

    def squared_error(self, weights: NDArray[np.float64], chances: float) -> float:
        """The bins' mean squared residual under weights f8[n], less so many times what chance adds."""
        total = np.bincount(self._bin, weights, BINS)
        mean = np.bincount(self._bin, self._residual * weights, BINS) / np.maximum(total, 1.0)
        return float(total @ (np.square(mean) - chances * self._chance) / max(total.sum(), 1.0))
