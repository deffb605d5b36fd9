"""Points: the numbers that a seed gives to a draw, the same on every machine and for ever."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# SplitMix64: number n is a mix of the seed and n steps of the golden ratio, so it needs no state to be set up first
# (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; the mixer is Stafford's 13th).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW_BITS = 2**63 - 1


def points_of(seed: int, ranks: int) -> Floats:
    """Two points for each rank, float64[ranks × 2], uniform in 0…1 without 1; of the seed the low 63 bits count."""
    points = np.empty((ranks, 2))
    # Larger ints would be of another type to the kernel.
    _fill(seed & _LOW_BITS, points)
    return points


@njit(cache=True, nogil=True)
def _fill(seed: int, points: Floats) -> None:
    state = np.uint64(seed)
    for rank in range(len(points)):
        for at in range(2):
            state += _STEP
            mixed = (state ^ (state >> np.uint64(30))) * _FIRST
            mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
            mixed ^= mixed >> np.uint64(31)
            # As many bits as a double tells apart everywhere below one.
            points[rank, at] = float(mixed >> np.uint64(11)) * 2.0**-53
