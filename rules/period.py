"""The periods of a placement's candidates: outside its own, an offer is not shown."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.grouping import Grouping
from rules.offer import Column, OfferTable

_OPEN = np.iinfo(np.int64)


class Periods(msgspec.Struct, frozen=True, eq=False):
    """The distinct periods, each from `starts` to before `ends`, and the candidates of each in `groups`.

    Few offers have a period of their own, so far fewer numbers are compared than there are candidates.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    groups: Grouping

    @classmethod
    def of(cls, candidates: OfferTable) -> "Periods":
        """The periods of the candidates of a placement."""
        starts, ends = candidates.columns["starts"], candidates.columns["ends"]
        bounds = np.stack([_bound(starts, _OPEN.min), _bound(ends, _OPEN.max)])
        distinct, codes = np.unique(bounds, axis=1, return_inverse=True)
        first, last = np.ascontiguousarray(distinct)
        return cls(first, last, Grouping.of([codes.reshape(-1)], [len(first)]))


def _bound(column: Column, open: int) -> NDArray[np.int64]:
    return np.where(column.present, column.data, open).astype(np.int64)
