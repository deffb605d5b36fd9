"""From a forest's raw score to its response, by the objective it was trained with (LightGBM's `ConvertOutput`)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rules.errors import ArtefactError

Floats = NDArray[np.float64]
Response = Callable[[Floats], Floats]

_IDENTITY = frozenset({"", "none", "custom", "regression", "regression_l1", "huber", "fair", "quantile", "mape"})
_EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})
_LOGISTIC = frozenset({"binary", "cross_entropy", "xentropy"})
# The exponents beyond which float64 overflows, or gives zero.
_LOWEST, _HIGHEST = -745.0, 709.0


def response_of(objective: str, divisor: int = 1) -> Response:
    """The response for a LightGBM objective line (`binary sigmoid:1`); raises `ArtefactError` for others.

    Raw scores are divided by `divisor` first: a forest whose trees are averaged has more than one.
    """
    convert = _conversion(objective)
    return convert if divisor == 1 else lambda raw: convert(raw / divisor)


def _conversion(objective: str) -> Response:
    name, *options = objective.split() or [""]
    if name in _LOGISTIC:
        slope = next((float(option[8:]) for option in options if option.startswith("sigmoid:")), 1.0)
        return lambda raw: 1.0 / (1.0 + np.exp(np.clip(-slope * raw, _LOWEST, _HIGHEST)))
    if name in _EXPONENTIAL:
        return lambda raw: np.exp(np.clip(raw, _LOWEST, _HIGHEST))
    if name in _IDENTITY:
        return (lambda raw: np.copysign(raw * raw, raw)) if "sqrt" in options else (lambda raw: raw)
    raise ArtefactError(
        f"forests trained with objective {name!r} give no probability and no value: train with binary, cross_entropy,"
        " regression, poisson, gamma or tweedie"
    )
