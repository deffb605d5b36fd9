"""What is left to give, and to how many."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]

UNLIMITED = 2**62
"""The room of a place that has a minimum only."""


class Left(msgspec.Struct, frozen=True, eq=False):
    """Units that each place still has room for and still owes (int64[places]), and the customers not yet decided."""

    rooms: Units
    minimums: Units
    customers: int

    def after(self, used: Units, customers: int) -> "Left":
        """What remains once so many customers used so many units of each place."""
        rooms = np.where(self.rooms < UNLIMITED, self.rooms - used, UNLIMITED)
        return Left(rooms, np.maximum(self.minimums - used, 0), self.customers - customers)

    def shares(self, sizes: Units) -> Units:
        """What falls to chunks of so many customers if each customer may have as much: int64[chunks × places]."""
        shares = np.ceil(self.rooms * (sizes[:, None] / self.customers)).astype(np.int64)
        return np.where(self.rooms < UNLIMITED, shares, UNLIMITED)

    def without(self, place: int) -> "Left":
        """The same with neither limit nor minimum at one place."""
        rooms, minimums = self.rooms.copy(), self.minimums.copy()
        rooms[place], minimums[place] = UNLIMITED, 0
        return Left(rooms, minimums, self.customers)
