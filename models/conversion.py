"""The compiled way from a forest's raw scores to responses and predictions.

All functions but numpy's live in this one file, because numba's cache on disk watches only the file of the function it
compiled.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.numpy_loops import CHECKSUM, EXP, run_loop

Floats = NDArray[np.float64]
Loops = NDArray[np.int64]
Rows = NDArray[np.intp]

AS_IT_IS, SHARE, SIGNED_SQUARE = range(3)
"""What becomes of a value: itself, 1 ÷ (1 + it), or its square with its sign."""
# The exponents beyond which float64 overflows, or gives zero.
_LOWEST, _HIGHEST = -745.0, 709.0


def _bound(values: Floats, divisor: float, factor: float) -> None:
    for at in range(len(values)):
        product = values[at] / divisor * factor
        product = _LOWEST if product < _LOWEST else product
        values[at] = _HIGHEST if product > _HIGHEST else product


_bounded: Callable[..., None] = njit(nogil=True, error_model="numpy")(_bound)


def _divide(values: Floats, divisor: float) -> None:
    for at in range(len(values)):
        values[at] /= divisor


_divided: Callable[..., None] = njit(nogil=True, error_model="numpy")(_divide)


def _convert(kind: int, values: Floats) -> None:
    # By numpy's error model there is no check for zero, which would keep the loop from being vectorised.
    if kind == SHARE:
        for at in range(len(values)):
            values[at] = 1.0 / (1.0 + values[at])
    elif kind == SIGNED_SQUARE:
        for at in range(len(values)):
            values[at] = np.copysign(values[at] * values[at], values[at])


_converted: Callable[..., None] = njit(nogil=True, error_model="numpy")(_convert)


def _respond(values: Floats, divisor: float, factor: float, kind: int, loops: Loops) -> None:
    if not np.isnan(factor):
        _bounded(values, divisor, factor)
        run_loop(loops, EXP, values)
    elif divisor != 1.0:
        _divided(values, divisor)
    _converted(kind, values)


_responds: Callable[..., None] = njit(nogil=True)(_respond)


def _responder(loops_file: int) -> Callable[..., None]:
    def respond(values: Floats, divisor: float, factor: float, kind: int, loops: Loops) -> None:
        """Turn raw scores, in place, into responses; NaN stays.

        They are divided, and but for a `factor` of NaN e is raised to so many times each, within what float64 holds;
        then `kind` says what becomes of them.
        """
        assert loops_file
        _responds(values, divisor, factor, kind, loops)

    return cast(Callable[..., None], njit(cache=True, nogil=True)(respond))


def _follow(predicted: Floats, observed: Floats, slopes: Floats, values: Floats) -> None:
    """Replace values by what was observed where they were predicted; NaN stays."""
    last = len(predicted) - 1
    for at in range(len(values)):
        value = values[at]
        # Knots are few: counting them all is vectorised and has no branch to mispredict, unlike a search.
        knot = -1
        for each in range(last + 1):
            knot += predicted[each] <= value
        if np.isnan(value):
            continue
        if knot < 0:
            values[at] = observed[0]
        elif knot == last or predicted[knot] == value:
            values[at] = observed[knot]
        else:
            values[at] = slopes[knot] * (value - predicted[knot]) + observed[knot]


follow: Callable[..., None] = njit(cache=True, nogil=True)(_follow)


def _placer(loops_file: int) -> Callable[..., None]:
    def place(
        values: Floats,
        divisor: float,
        factor: float,
        kind: int,
        loops: Loops,
        predicted: Floats,
        observed: Floats,
        slopes: Floats,
        lowest: float,
        highest: float,
        rows: Rows,
        placed: Floats,
    ) -> None:
        """Turn raw scores into responses, in place, and write each to its row, and NaN to all others.

        In between they are calibrated, if there are knots, and bounded.
        """
        assert loops_file
        _responds(values, divisor, factor, kind, loops)
        if len(predicted):
            follow(predicted, observed, slopes, values)
        placed[:] = np.nan
        for at in range(len(rows)):
            value = values[at]
            value = lowest if value < lowest else value
            placed[np.uint64(rows[at])] = highest if value > highest else value

    return cast(Callable[..., None], njit(cache=True, nogil=True)(place))


respond, place = _responder(CHECKSUM), _placer(CHECKSUM)
