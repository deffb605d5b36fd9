"""What a chunk may give of volume limits: fixed before it begins, so that no other chunk is asked on the way."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.terms import Terms
from decision.version.prices import decode_prices
from rules.volume import BoundVolumes


class Grant(msgspec.Struct, frozen=True):
    """Units of volume places by their number, and prices as they are stored; places that are not named have enough."""

    room: dict[int, int]
    prices: bytes


class Budget:
    """A grant while it is used up by slates of at most so many `slots`."""

    def __init__(self, grant: Grant, volumes: BoundVolumes, slots: int) -> None:
        self._left = {place: units for place, units in grant.room.items() if place in volumes.own}
        self._volumes = volumes
        self._slots = slots
        self._prices = decode_prices(grant.prices)

    def terms(self) -> Terms:
        """The terms for the next decision."""
        low = [(place, left) for place, left in sorted(self._left.items()) if left < self._slots]
        return Terms(tuple(low), self._prices)

    def take(self, candidates: Iterable[int]) -> None:
        """A slate of these candidates is decided."""
        self._move(candidates, -1)

    def give(self, candidates: Iterable[int]) -> None:
        """One that was decided is not."""
        self._move(candidates, 1)

    def _move(self, candidates: Iterable[int], sign: int) -> None:
        for place, units in self._volumes.units(list(candidates)).items():
            if place in self._left:
                self._left[place] = max(self._left[place] + sign * units, 0)


def used_of(volumes: BoundVolumes, candidates: Iterable[int]) -> NDArray[np.int64]:
    """Units that shown candidates take of every place, whether it has a most or a least: int64[places]."""
    codes = volumes.codes[:, list(candidates)]
    return np.bincount(codes[codes >= 0], minlength=len(volumes.places)).astype(np.int64)
