"""Arbitration: one score per candidate, P × C × V × L, with each part on its own switch.

With further goals, P × V is the sum over all goals, each with its weight; the placement's own goal has weight 1.
"""

from collections.abc import Collection

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.choice import ArbitrationPart
from rules.ids import GoalId

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Worth(msgspec.Struct, frozen=True, eq=False):
    """What the candidates are worth to one further goal, P × V, and how much that weighs; NaN where nobody asked."""

    goal: GoalId
    weight: float
    propensity: Floats
    value: Floats


class Parts(msgspec.Struct, frozen=True, eq=False):
    """What a score is made of, over candidates: propensity P, context weight C, value V, levers L.

    For a goal whose objective is not `response` the model's figure stands in V and P is one everywhere. `optimism` is
    a factor for what little is known about, None where there is none.
    """

    propensity: Floats
    context: Floats
    value: Floats
    levers: Floats
    further: tuple[Worth, ...] = ()
    optimism: Floats | None = None

    def scores(self, switched_on: Collection[ArbitrationPart], open: Mask) -> Floats:
        """Scores to draw by, float64[n]: the product of the parts that are on, one when all are off.

        What is not open counts zero, and so does a product that is negative, NaN or infinite: no share can be made of
        it.
        """
        propensity, by_propensity, by_value = self.propensity, "propensity" in switched_on, "value" in switched_on
        if self.further or self.optimism is not None:
            propensity = self._worth(by_propensity, by_value)
            by_propensity, by_value = True, False
        scores = np.empty(len(open))
        _multiply(
            propensity if by_propensity else np.ones(len(open)),
            self.context if "context" in switched_on else np.ones(len(open)),
            self.value if by_value else np.ones(len(open)),
            self.levers if "levers" in switched_on else np.ones(len(open)),
            open,
            scores,
        )
        return scores

    def _worth(self, by_propensity: bool, by_value: bool) -> Floats:
        """P × V summed over the goals, and raised by optimism."""
        worth = (self.propensity if by_propensity else 1.0) * (self.value if by_value else np.ones(len(self.value)))
        # What is not open may be anything.
        with np.errstate(invalid="ignore", over="ignore"):
            for each in self.further:
                own = (each.propensity if by_propensity else 1.0) * (each.value if by_value else 1.0)
                worth = worth + each.weight * own
            return worth if self.optimism is None else worth * self.optimism


@njit(cache=True, nogil=True)
def _multiply(propensity: Floats, context: Floats, value: Floats, levers: Floats, open: Mask, scores: Floats) -> None:
    for at in range(len(scores)):
        score = propensity[at] * context[at] * value[at] * levers[at]
        # NaN is not above zero either.
        scores[at] = score if open[at] and 0.0 < score < np.inf else 0.0
