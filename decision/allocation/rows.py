"""Rows: customers with what is open for them and what it is worth."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.allocation.volumes import Volumes

Floats = NDArray[np.float64]
Candidates = NDArray[np.int32]

WIDTH = 64
"""Candidates kept of each customer beside those that have a minimum."""


class Rows(msgspec.Struct, frozen=True, eq=False):
    """Customers one after another: row r has `candidates[starts[r]:starts[r + 1]]`, ascending, and their `values`.

    `starts` is int64[rows + 1], `candidates` int32, `values` float64, finite and not negative.
    """

    starts: NDArray[np.int64]
    candidates: Candidates
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of(cls, rows: Sequence[tuple[Candidates, Floats]]) -> "Rows":
        """From each customer's candidates and their values, as `row_of` gives them."""
        starts = np.cumsum([0, *(len(candidates) for candidates, _ in rows)], dtype=np.int64)
        return cls(
            starts,
            np.concatenate([np.empty(0, np.int32), *(candidates for candidates, _ in rows)]).astype(np.int32),
            np.concatenate([np.empty(0), *(values for _, values in rows)]),
        )

    def only(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of the rows, in the order asked for."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        entries = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Rows(starts, self.candidates[entries], self.values[entries])

    def worth(self, choices: Candidates) -> float:
        """What choices, int32[rows × slots] of candidates or -1, are worth together."""
        owners = np.repeat(np.arange(len(self)), np.diff(self.starts))
        return float(self.values[(choices[owners] == self.candidates[:, None]).any(axis=1)].sum())


def row_of(
    scores: Floats,
    open: NDArray[np.bool_],
    volumes: Volumes,
    minimums: NDArray[np.int64],
    slots: int,
    width: int = WIDTH,
) -> tuple[Candidates, Floats]:
    """What prices can make of one customer's candidates: all that have a minimum, and of the rest the best `width`.

    Prices of limits only take away, so of those that no limit counts the best `slots` will do, and of the others those
    above the last of these; `scores` and `open` are those of a weighing.
    """
    subsidised = volumes.touching(minimums > 0)
    limited = np.diff(volumes.starts) > 0
    found = np.flatnonzero(open)
    order = found[np.argsort(-scores[found], kind="stable")]
    free = order[~limited[order]][:slots]
    floor = scores[free[-1]] if len(free) == slots else -1.0
    best = order[limited[order] & (scores[order] >= floor) & (scores[order] > 0.0)][:width]
    kept = np.union1d(np.union1d(free[scores[free] > 0.0], best), found[subsidised[found]]).astype(np.int32)
    return kept, scores[kept]
