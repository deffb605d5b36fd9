"""What a chunk may give of volume limits: fixed before it begins, so that no other chunk is asked on the way."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.terms import Terms
from decision.version.prices import decode_prices, encode_prices
from rules.ids import CatalogueVersion
from rules.volume import BoundVolumes


class Grant(msgspec.Struct, frozen=True):
    """Units of volume places by their number, and prices as they are stored; places that are not named have enough."""

    room: dict[int, int]
    prices: bytes


class Budget:
    """A grant while it is used up by slates of at most so many `slots`.

    A place that has to be given so often, and has been, is not subsidised any more: there are other prices from then
    on.
    """

    def __init__(self, grant: Grant, volumes: BoundVolumes, slots: int, catalogue: CatalogueVersion) -> None:
        self._left = dict(grant.room)
        self._volumes = volumes
        self._slots = slots
        self._catalogue = catalogue
        self._prices = decode_prices(grant.prices)
        self._fresh: list[bytes] = []
        self._end_subsidies()

    def terms(self) -> Terms:
        """The terms for the next decision."""
        low = [
            (place, left)
            for place, left in sorted(self._left.items())
            if left < self._slots and place in self._volumes.own
        ]
        return Terms(tuple(low), self._prices)

    def take(self, candidates: Iterable[int]) -> None:
        """A slate of these candidates is decided."""
        self._move(candidates, -1)
        self._end_subsidies()

    def take_fresh(self) -> list[bytes]:
        """Prices that came up since they were last asked for, as they are stored."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _end_subsidies(self) -> None:
        given = [place for place, left in self._left.items() if left <= 0 and self._prices.by_place[place] < 0.0]
        if given:
            by_place = self._prices.by_place.copy()
            by_place[given] = 0.0
            self._fresh.append(encode_prices(self._catalogue, by_place))
            self._prices = decode_prices(self._fresh[-1])

    def give(self, candidates: Iterable[int]) -> None:
        """One that was decided is not."""
        self._move(candidates, 1)

    def _move(self, candidates: Iterable[int], sign: int) -> None:
        for place in self._volumes.codes[:, list(candidates)].ravel().tolist():
            if place in self._left:
                self._left[place] = max(self._left[place] + sign, 0)


def used_of(volumes: BoundVolumes, candidates: Iterable[int]) -> NDArray[np.int64]:
    """Units that shown candidates take of every place, whether it has a most or a least: int64[places]."""
    codes = volumes.codes[:, list(candidates)]
    return np.bincount(codes[codes >= 0], minlength=len(volumes.places)).astype(np.int64)
