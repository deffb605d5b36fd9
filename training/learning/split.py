"""Splitting by time: learn on the earlier decisions, judge on the later ones."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError


class Parts(msgspec.Struct, frozen=True, eq=False):
    """Row indices of three parts in time: `fit` grows trees, `tune` stops and calibrates them, `judge` measures them.

    Every time in `fit` is before every time in `tune`, and those before every time in `judge`.
    """

    fit: NDArray[np.intp]
    tune: NDArray[np.intp]
    judge: NDArray[np.intp]


def split_by_time(at: NDArray[np.int64], shares: tuple[float, float] = (0.6, 0.2)) -> Parts:
    """The parts of rows at times int64[n]; `shares` are those of `fit` and `tune`, the rest is `judge`.

    Rows of one moment stay together, so a campaign wave is never split; a boundary goes to the moment nearest to its
    share. Raises TrainingError with fewer than three moments.
    """
    moments, counts = np.unique(at, return_counts=True)
    if len(moments) < 3:
        raise TrainingError(
            f"The decisions lie at {len(moments)} moment(s), and a split by time needs three; "
            "collect decisions over a longer time, or widen --since and --until."
        )
    reached = np.cumsum(counts) / len(at)
    first = int(np.argmin(np.abs(reached[:-2] - shares[0]))) + 1
    second = first + int(np.argmin(np.abs(reached[first:-1] - sum(shares)))) + 1
    part = np.searchsorted(moments, at)
    return Parts(
        fit=np.flatnonzero(part < first),
        tune=np.flatnonzero((part >= first) & (part < second)),
        judge=np.flatnonzero(part >= second),
    )
