"""Calibration: a monotone map from what a forest predicts to what was observed."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.errors import ArtefactError


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
        return BoundCalibration(np.array(self.predicted), np.array(self.observed))


class BoundCalibration(msgspec.Struct, frozen=True, eq=False):
    """The knots as arrays."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What was observed where these were predicted; same shape."""
        return np.interp(values, self.predicted, self.observed)
