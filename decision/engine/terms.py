"""Terms: what a decision has to take as given from beyond its subject, how many units are left and what they cost."""

from collections.abc import Mapping
from typing import NewType

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.limit import Limit
from rules.reason import Reason
from rules.screening import Screening
from rules.volume import BoundVolumes

Floats = NDArray[np.float64]

PricesVersion = NewType("PricesVersion", str)


class Prices(msgspec.Struct, frozen=True, eq=False):
    """What one unit of each volume place of a catalogue costs, float64[places]; below zero it is a subsidy."""

    version: PricesVersion
    by_place: Floats


class Terms(msgspec.Struct, frozen=True, eq=False):
    """How many units are left at volume places that are nearly empty, and prices, if there are any.

    `room` has pairs of a place and its units; places that are not among them have enough for any slate.
    """

    room: tuple[tuple[int, int], ...] = ()
    prices: Prices | None = None

    def with_room(self, room: Mapping[int, int]) -> "Terms":
        """The same once more is known of some places."""
        return Terms(tuple(sorted({**dict(self.room), **room}.items())), self.prices)


NO_TERMS = Terms()


def screen_volumes(screening: Screening, volumes: BoundVolumes, terms: Terms, closed: bool) -> Screening:
    """The screening without the candidates that count towards a place where no unit is left.

    Their detail is the row of `volumes.codes` of the first such place. When `closed`, nothing can be reserved, so that
    all count that have a most.
    """
    if closed:
        empty = (volumes.codes >= 0) & volumes.limited[:, None]
    else:
        full = [place for place, left in terms.room if left <= 0 and place in volumes.own]
        if not full:
            return screening
        # One more place, never empty, for the place -1.
        sold = np.zeros(len(volumes.places) + 1, np.bool_)
        sold[full] = True
        empty = sold[volumes.codes]
    against = empty.any(axis=0) & screening.passes
    return _without(screening, against, Reason.SOLD_OUT, empty.argmax(axis=0) if len(empty) else None)


def volume_limits(volumes: BoundVolumes, terms: Terms, slots: int) -> tuple[Limit, ...]:
    """The limits that a slate of `slots` could break, over the placement's candidates; used up places are none."""
    rows: dict[int, dict[int, int]] = {}
    for place, left in terms.room:
        if 0 < left < slots and place in volumes.own:
            rows.setdefault(volumes.row_of(place), {})[place] = left
    limits = []
    for row, room in sorted(rows.items()):
        first = volumes.first[row]
        most = np.full(volumes.width[row], slots, np.int64)
        most[[place - first for place in room]] = list(room.values())
        codes = np.where(volumes.codes[row] >= 0, volumes.codes[row] - first, -1).astype(np.int32)
        limits.append(Limit(codes, most, Reason.SOLD_OUT, row))
    return tuple(limits)


def prices_of(volumes: BoundVolumes, prices: Prices) -> Floats:
    """What each candidate costs: the sum of the prices of the places it counts towards, float64[n]."""
    # One more price, nothing, for the place -1.
    costs: Floats = np.append(prices.by_place, 0.0)[volumes.codes].sum(axis=0)
    return costs


def screen_prices(screening: Screening, scores: Floats, costs: Floats, spared: NDArray[np.int64]) -> Screening:
    """The screening without the candidates whose score is no more than their cost, if they cost anything.

    What is `spared` (indices of candidates) stays: a mandatory offer is shown whatever it costs.
    """
    against = screening.passes & (costs > 0.0) & (scores <= costs)
    against[spared] = False
    return _without(screening, against, Reason.OUTPRICED, None)


def _without(
    screening: Screening, against: NDArray[np.bool_], reason: Reason, detail: NDArray[np.intp] | None
) -> Screening:
    if not against.any():
        return screening
    details = np.full(len(against), -1) if detail is None else detail
    return Screening.of(
        np.where(against, reason, screening.reason).astype(np.uint8),
        np.where(against, details, screening.detail).astype(np.int16),
        screening.passes & ~against,
    )
