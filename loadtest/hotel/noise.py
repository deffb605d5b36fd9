"""Common random numbers: the noise of a visit depends on the visit alone, not on what a policy showed in it."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def gumbel(seed: int, visit: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """A standard Gumbel draw for each row of one visit; the same arguments give the same draws, in any company.

    Adding it to log-odds and taking the largest draws from the multinomial logit (E. J. Gumbel, 1954), so two policies
    that meet the same visit meet the same mood. Row -1 is the outside option.
    """
    stream = _mix(np.array([((seed + 1) * _GOLDEN + visit * 0xD1B54A32D192ED03) & _MASK], np.uint64))
    bits = _mix(stream + (rows.astype(np.int64) + 2).astype(np.uint64) * np.uint64(_GOLDEN))
    uniform = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
    drawn: NDArray[np.float64] = -np.log(-np.log(uniform))
    return drawn


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = bits ^ (bits >> np.uint64(31))
    return mixed
