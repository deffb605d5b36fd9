"""Fatigue: a theme that was shown a lot lately appeals less."""

import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.themes import THEMES
from loadtest.hotel.visits import DAY

HALF_LIFE = 7 * DAY


class Fatigue:
    """How often each person was lately shown each theme; an exposure counts half after a week."""

    def __init__(self, people: int) -> None:
        self._level = np.zeros((people, len(THEMES)))
        self._at = np.zeros(people, np.int64)

    def of(self, person: int, at: int) -> NDArray[np.float64]:
        """The exposures that still weigh on a person at a moment in milliseconds, by theme."""
        faded: NDArray[np.float64] = self._level[person] * 0.5 ** (max(at - int(self._at[person]), 0) / HALF_LIFE)
        return faded

    def show(self, person: int, at: int, themes: NDArray[np.intp]) -> None:
        """Count one exposure to each of the themes."""
        level = self.of(person, at)
        np.add.at(level, themes, 1.0)
        self._level[person] = level
        self._at[person] = max(at, int(self._at[person]))
