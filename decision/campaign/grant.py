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
    """A grant while it is used up by slates of at most so many `slots`, customer after customer.

    Slates that a killed process had begun take theirs when their turn comes, so that everybody sees what they would
    have seen; until then it is kept `back` for them, so that in all no more is given than was granted. A place that has
    to be given so often, and has been, is not subsidised any more: there are other prices from then on.
    """

    def __init__(self, grant: Grant, volumes: BoundVolumes, slots: int, catalogue: CatalogueVersion) -> None:
        self._left = dict(grant.room)
        self._back: dict[int, int] = {}
        self._volumes = volumes
        self._slots = slots
        self._catalogue = catalogue
        self._prices = decode_prices(grant.prices)
        self._fresh: list[bytes] = []
        self._end_subsidies()

    def keep_back(self, candidates: Iterable[int]) -> None:
        """A slate of these candidates was begun; its turn comes later."""
        for place, units in self._units(candidates).items():
            self._back[place] = self._back.get(place, 0) + units

    def terms(self, spared: bool = False) -> Terms:
        """The terms for the next decision; `spared` leaves out what is kept back."""
        left = {place: units - self._back.get(place, 0) * spared for place, units in self._left.items()}
        low = [(place, max(units, 0)) for place, units in sorted(left.items()) if units < self._slots]
        return Terms(tuple((place, units) for place, units in low if place in self._volumes.own), self._prices)

    def fits(self, candidates: Iterable[int]) -> bool:
        """Whether a slate leaves what is kept back for others."""
        units = self._units(candidates).items()
        return all(self._left[place] - wanted >= self._back.get(place, 0) for place, wanted in units)

    def take(self, candidates: Iterable[int], begun: bool = False) -> None:
        """A slate of these candidates is decided, or was and has its turn now."""
        for place, units in self._units(candidates).items():
            self._left[place] -= units
            if begun:
                self._back[place] -= units
        self._end_subsidies()

    def give(self, candidates: Iterable[int]) -> None:
        """One that was decided is not."""
        for place, units in self._units(candidates).items():
            self._left[place] += units

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

    def _units(self, candidates: Iterable[int]) -> dict[int, int]:
        units: dict[int, int] = {}
        for place in self._volumes.codes[:, list(candidates)].ravel().tolist():
            if place in self._left:
                units[place] = units.get(place, 0) + 1
        return units


def used_of(volumes: BoundVolumes, candidates: Iterable[int]) -> NDArray[np.int64]:
    """Units that shown candidates take of every place, whether it has a most or a least: int64[places]."""
    codes = volumes.codes[:, list(candidates)]
    return np.bincount(codes[codes >= 0], minlength=len(volumes.places)).astype(np.int64)
