"""A policy's way through the month: what it showed, what the world expected of that, and who took it."""

import numpy as np
from numpy.typing import NDArray

from loadtest.closed_loop.month import Month
from loadtest.hotel.fatigue import Fatigue


class Path:
    """One policy's way; people tire of what this policy shows them, and of nothing else.

    By visit: `shown` is the offer's row (-1: none), `value` the margin in euro that the world expects of it, `accepted`
    whether it was taken. A visit has the same mood on every path.
    """

    def __init__(self, month: Month) -> None:
        visits = len(month.visits)
        self.month = month
        self.shown = np.full(visits, -1, np.intp)
        self.value = np.zeros(visits)
        self.accepted = np.zeros(visits, np.bool_)
        self._fatigue = Fatigue(len(month.world.people))

    def worth(self, visit: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The expected margin f8[rows] of showing each of these offers alone, under the truth."""
        odds = np.exp(self.month.truth(visit).log_odds(self.month.visits, visit, rows, self._tired(visit)))
        worth: NDArray[np.float64] = odds / (1.0 + odds) * self.month.world.offers.margin[rows]
        return worth

    def show(self, visit: int, row: int) -> bool:
        """Show an offer; says whether it was taken."""
        visits, truth = self.month.visits, self.month.truth(visit)
        tired = self._tired(visit)
        self.shown[visit] = row
        self.value[visit] = truth.expected(visits, visit, [row], tired)[1]
        self.accepted[visit] = truth.choose(visits, visit, [row], tired) is not None
        theme = self.month.world.offers.theme[[row]]
        self._fatigue.show(int(visits.person[visit]), int(visits.at[visit]), theme)
        return bool(self.accepted[visit])

    def _tired(self, visit: int) -> NDArray[np.float64]:
        return self._fatigue.of(int(self.month.visits.person[visit]), int(self.month.visits.at[visit]))
