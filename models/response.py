"""From a forest's raw score to its response, by the objective it was trained with.

What LightGBM's `ConvertOutput` gives, within the last bits; beyond the bounds of float64 a share stays above zero and
an exponential finite, where LightGBM gives 0 and infinity.
"""

from typing import Literal

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.errors import ArtefactError

Floats = NDArray[np.float64]
Conversion = Literal["share", "exponential", "signed_square", "identity"]

_IDENTITY = frozenset({"", "none", "custom", "regression", "regression_l1", "huber", "fair", "quantile", "mape"})
_EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})
_LOGISTIC = frozenset({"binary", "cross_entropy", "xentropy"})
# The exponents beyond which float64 overflows, or gives zero.
_LOWEST, _HIGHEST = -745.0, 709.0


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
        if self.divisor != 1:
            raw = raw / self.divisor
        match self.conversion:
            case "share":
                return _share(_powers(raw, -self.slope))
            case "exponential":
                return _powers(raw, 1.0)
            case "signed_square":
                return np.copysign(raw * raw, raw)
        return raw


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


def bounded(values: Floats, factor: float, lowest: float, highest: float) -> Floats:
    """The values times a factor, none below `lowest` and none above `highest`; NaN stays."""
    products = np.empty(len(values))
    _bound(values, factor, lowest, highest, products)
    return products


def _powers(raw: Floats, factor: float) -> Floats:
    """e to the power of the scores times a factor; by numpy, for a compiled loop would not be vectorised."""
    powers = bounded(raw, factor, _LOWEST, _HIGHEST)
    return np.asarray(np.exp(powers, powers), np.float64)


def _share(odds_against: Floats) -> Floats:
    shares = np.empty(len(odds_against))
    _divide(odds_against, shares)
    return shares


@njit(cache=True, nogil=True)
def _bound(values: Floats, factor: float, lowest: float, highest: float, products: Floats) -> None:
    for at in range(len(values)):
        product = values[at] * factor
        product = lowest if product < lowest else product
        products[at] = highest if product > highest else product


# As numpy divides: no check for zero that would keep the loop from being vectorised.
@njit(cache=True, nogil=True, error_model="numpy")
def _divide(odds_against: Floats, shares: Floats) -> None:
    for at in range(len(odds_against)):
        shares[at] = 1.0 / (1.0 + odds_against[at])
