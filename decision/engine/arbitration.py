"""Arbitration: one score per candidate, P × C × V × L, with each part on its own switch."""

from collections.abc import Collection

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.workspace import ArbitrationPart

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Parts(msgspec.Struct, frozen=True, eq=False):
    """What a score is made of, over candidates: propensity P, context weight C, value V, levers L.

    For a goal whose objective is not `response` the model's figure stands in V and P is one everywhere.
    """

    propensity: Floats
    context: Floats
    value: Floats
    levers: Floats

    def scores(self, switched_on: Collection[ArbitrationPart], open: Mask) -> Floats:
        """Scores to draw by, float64[n]: the product of the parts that are on, one when all are off.

        What is not open counts zero, and so does a product that is negative, NaN or infinite: no share can be made of
        it.
        """
        scores = np.empty(len(open))
        _multiply(
            self.propensity,
            self.context,
            self.value,
            self.levers,
            "propensity" in switched_on,
            "context" in switched_on,
            "value" in switched_on,
            "levers" in switched_on,
            open,
            scores,
        )
        return scores


def spread(values: Floats, open: Mask) -> Floats:
    """The values of the open candidates, in order, each at its candidate's place, and NaN elsewhere: float64[n]."""
    placed = np.empty(len(open))
    _spread(values, open, placed)
    return placed


@njit(cache=True, nogil=True)
def _multiply(
    propensity: Floats,
    context: Floats,
    value: Floats,
    levers: Floats,
    by_propensity: bool,
    by_context: bool,
    by_value: bool,
    by_levers: bool,
    open: Mask,
    scores: Floats,
) -> None:
    for at in range(len(scores)):
        score = propensity[at] if by_propensity else 1.0
        score *= context[at] if by_context else 1.0
        score *= value[at] if by_value else 1.0
        score *= levers[at] if by_levers else 1.0
        # NaN is not above zero either.
        scores[at] = score if open[at] and 0.0 < score < np.inf else 0.0


@njit(cache=True, nogil=True)
def _spread(values: Floats, open: Mask, placed: Floats) -> None:
    given = 0
    for at in range(len(open)):
        if open[at]:
            placed[at] = values[given]
            given += 1
        else:
            placed[at] = np.nan
