"""Taming heavy tails: values that a few rows dominate are learned from a capped copy."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

TAIL = 0.01
"""Share of the values other than 0 that is capped, on each side of 0."""


class Tails(msgspec.Struct, frozen=True):
    """Values below `low` or above `high` are moved there, and all are then multiplied by `stretch`.

    Squared error follows the few largest values, which no feature explains, and its trees with them. Capped values
    have far less variance; the stretch gives them back the mean of the uncapped ones, so predictions stay in the
    goal's unit. Multiplying keeps the order of offers.
    """

    low: float
    high: float
    stretch: float

    def tame(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values f8[n] to learn from."""
        return np.asarray(np.clip(value, self.low, self.high) * self.stretch)


def fit_tails(value: NDArray[np.float64], tail: float = TAIL) -> Tails:
    """The caps at the outer `tail` of the values other than 0, and the stretch that keeps the mean.

    Raises TrainingError when every value is 0.
    """
    other = value[value != 0]
    if not len(other):
        raise TrainingError("Every decision's value is 0; send outcomes with a value before training on it.")
    low = min(0.0, float(np.quantile(other, tail)))
    high = max(0.0, float(np.quantile(other, 1 - tail)))
    before, after = float(value.mean()), float(np.clip(value, low, high).mean())
    stretch = before / after if before > 0 and after > 0 else 1.0
    return Tails(low, high, stretch)
