"""Volumes: which places of limits each candidate counts towards."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Volumes(msgspec.Struct, frozen=True, eq=False):
    """The places of every candidate, one candidate after another.

    Candidate c counts towards `places[starts[c]:starts[c + 1]]`; `starts` is int64[candidates + 1], `places` int32, and
    `number` says how many places there are.
    """

    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    number: int

    @classmethod
    def of(cls, by_candidate: Sequence[Sequence[int]], number: int) -> "Volumes":
        """From each candidate's places; a candidate without any is not limited."""
        starts = np.cumsum([0, *(len(places) for places in by_candidate)], dtype=np.int64)
        return cls(starts, np.array([place for places in by_candidate for place in places], np.int32), number)

    @property
    def candidates(self) -> int:
        """How many candidates there are."""
        return len(self.starts) - 1

    def cost(self, by_place: Floats) -> Floats:
        """What each candidate costs: the sum of the prices of its places, float64[candidates]."""
        owners = np.repeat(np.arange(self.candidates), np.diff(self.starts))
        return np.bincount(owners, by_place[self.places], self.candidates).astype(np.float64)

    def units(self, choices: NDArray[np.int32]) -> NDArray[np.int64]:
        """Units that choices (candidates of any shape, -1 for none) use of each place, int64[places]."""
        taken = np.bincount(choices[choices >= 0], minlength=self.candidates)
        owners = np.repeat(np.arange(self.candidates), np.diff(self.starts))
        return np.bincount(self.places, taken[owners], self.number).astype(np.int64)

    def touching(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which candidates count towards any of the places wanted, bool[candidates]."""
        owners = np.repeat(np.arange(self.candidates), np.diff(self.starts))
        return np.bincount(owners, wanted[self.places], self.candidates) > 0
