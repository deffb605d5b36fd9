"""The compiled way from a forest's raw scores to predictions, but for the exponentials between, which are numpy's.

A compiled loop over those would not be vectorised. All functions live in this one file, because numba's cache on disk
watches only the file of the function it compiled.
"""

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

AS_IT_IS, SHARE, SIGNED_SQUARE = range(3)
"""What becomes of a value: itself, 1 ÷ (1 + it), or its square with its sign."""


def _bound(values: Floats, divisor: float, factor: float, lowest: float, highest: float) -> None:
    """Divide values and multiply them by a factor, none below `lowest` and none above `highest`; NaN stays."""
    for at in range(len(values)):
        product = values[at] / divisor * factor
        product = lowest if product < lowest else product
        values[at] = highest if product > highest else product


bound: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_bound)


def _convert(kind: int, values: Floats) -> None:
    # By numpy's error model there is no check for zero, which would keep the loop from being vectorised.
    if kind == SHARE:
        for at in range(len(values)):
            values[at] = 1.0 / (1.0 + values[at])
    elif kind == SIGNED_SQUARE:
        for at in range(len(values)):
            values[at] = np.copysign(values[at] * values[at], values[at])


convert: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_convert)


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


def _place(
    kind: int,
    values: Floats,
    predicted: Floats,
    observed: Floats,
    slopes: Floats,
    lowest: float,
    highest: float,
    rows: Rows,
    placed: Floats,
) -> None:
    """Convert values, calibrate them if there are knots, bound them, and write each to its row; NaN to all others."""
    convert(kind, values)
    if len(predicted):
        follow(predicted, observed, slopes, values)
    placed[:] = np.nan
    for at in range(len(rows)):
        value = values[at]
        value = lowest if value < lowest else value
        placed[np.uint64(rows[at])] = highest if value > highest else value


place: Callable[..., None] = njit(cache=True, nogil=True)(_place)
