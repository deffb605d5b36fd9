"""From a forest's raw score to its response, by the objective it was trained with.

What LightGBM's `ConvertOutput` gives, within the last bits; beyond the bounds of float64 a share stays above zero and
an exponential finite, where LightGBM gives 0 and infinity.
"""

from collections.abc import Mapping
from math import nan
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.conversion import AS_IT_IS, SHARE, SIGNED_SQUARE, respond
from models.numpy_loops import LOOPS
from rules.errors import ArtefactError

Floats = NDArray[np.float64]
Conversion = Literal["share", "exponential", "signed_square", "identity"]

_IDENTITY = frozenset({"", "none", "custom", "regression", "regression_l1", "huber", "fair", "quantile", "mape"})
_EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})
_LOGISTIC = frozenset({"binary", "cross_entropy", "xentropy"})
_KINDS: Mapping[Conversion, int] = {
    "share": SHARE,
    "exponential": AS_IT_IS,
    "signed_square": SIGNED_SQUARE,
    "identity": AS_IT_IS,
}


class Response(msgspec.Struct, frozen=True):
    """How a raw score becomes a response; call it with scores (float64[n]).

    Raw scores are divided by `divisor` first: a forest whose trees are averaged has more than one. `slope` is for
    shares alone.
    """

    conversion: Conversion
    slope: float = 1.0
    divisor: int = 1

    def __call__(self, raw: Floats) -> Floats:
        """The response of each score."""
        values = np.array(raw, np.float64)
        respond(values, *self.steps, LOOPS)
        return values

    @property
    def steps(self) -> tuple[float, float, int]:
        """What a score goes through (`models.conversion.respond`): divisor, factor of the exponent or NaN, kind."""
        factor = {"share": -self.slope, "exponential": 1.0}.get(self.conversion, nan)
        return float(self.divisor), factor, _KINDS[self.conversion]


def response_of(objective: str, divisor: int = 1) -> Response:
    """The response for a LightGBM objective line (`binary sigmoid:1`); raises `ArtefactError` for others."""
    name, *options = objective.split() or [""]
    if name in _LOGISTIC:
        slope = next((float(option[8:]) for option in options if option.startswith("sigmoid:")), 1.0)
        return Response("share", slope, divisor)
    if name in _EXPONENTIAL:
        return Response("exponential", divisor=divisor)
    if name in _IDENTITY:
        return Response("signed_square" if "sqrt" in options else "identity", divisor=divisor)
    raise ArtefactError(
        f"forests trained with objective {name!r} give no probability and no value: train with binary, cross_entropy,"
        " regression, poisson, gamma or tweedie"
    )
