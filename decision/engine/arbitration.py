"""Arbitration: one score per candidate, P × C × V × L, with each part on its own switch."""

from collections.abc import Collection

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.workspace import ArbitrationPart

Floats = NDArray[np.float64]


class Parts(msgspec.Struct, frozen=True, eq=False):
    """What a score is made of, over candidates: propensity P, context weight C, value V, levers L.

    For a goal whose objective is `value` the model's expected value stands in V and P is one everywhere.
    """

    propensity: Floats
    context: Floats
    value: Floats
    levers: Floats

    def product(self, switched_on: Collection[ArbitrationPart]) -> Floats:
        """The product of the parts that are on, NaN and infinities included; ones when all are off."""
        score = np.ones(len(self.value))
        if "propensity" in switched_on:
            score = score * self.propensity
        if "context" in switched_on:
            score = score * self.context
        if "value" in switched_on:
            score = score * self.value
        if "levers" in switched_on:
            score = score * self.levers
        return score


def usable(product: Floats) -> Floats:
    """Scores to draw by: what is negative, NaN or infinite counts zero, for no share can be made of it."""
    return np.where(np.isfinite(product) & (product > 0.0), product, 0.0)
