"""Calibration: a monotone map from what a forest predicts to what was observed."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.conversion import follow
from rules.errors import ArtefactError

Floats = NDArray[np.float64]


class Calibration(msgspec.Struct, frozen=True):
    """Straight lines between knots; below the first and above the last knot the map is flat.

    `predicted` holds the knots' places in the unit of the forest's response (a probability, or a value) and strictly
    increases; `observed` holds what was seen there and never decreases.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]

    def check(self) -> None:
        """Raise `ArtefactError` when the knots are no monotone map."""
        if len(self.predicted) != len(self.observed) or not self.predicted:
            raise ArtefactError(
                "the calibration needs as many predicted as observed knots, and at least one; fit it again"
            )
        predicted, observed = np.array(self.predicted), np.array(self.observed)
        if not (np.isfinite(predicted).all() and np.isfinite(observed).all()):
            raise ArtefactError("the calibration has a knot that is not finite; fit it again")
        if (np.diff(predicted) <= 0).any() or (np.diff(observed) < 0).any():
            raise ArtefactError("the calibration is not monotone: sort its knots and fit it again")

    def bind(self) -> "BoundCalibration":
        """The same map over arrays, ready for requests."""
        self.check()
        predicted, observed = np.array(self.predicted), np.array(self.observed)
        # Knots may be so close that the slope between them is infinite.
        with np.errstate(over="ignore"):
            return BoundCalibration(predicted, observed, np.diff(observed) / np.diff(predicted))


class BoundCalibration(msgspec.Struct, frozen=True, eq=False):
    """The knots as arrays, and the slope of the line from each to the next."""

    predicted: Floats
    observed: Floats
    slopes: Floats

    def apply(self, values: Floats) -> Floats:
        """What was observed where these were predicted, float64[n]; NaN stays.

        But for NaN, equal to `numpy.interp` bit for bit: over a single knot numpy gives even NaN that knot's height.
        """
        found = np.array(values, np.float64)
        follow(self.predicted, self.observed, self.slopes, found)
        return found
