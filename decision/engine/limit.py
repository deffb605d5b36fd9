"""What a slate may take at most: of a value of an attribute, and of what contact policy or volume limits leave."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.reason import Reason


class Limit(msgspec.Struct, frozen=True, eq=False):
    """A slate takes at most `room[code]` offers of one code.

    `codes` is int32[n] over the candidates, below zero where the limit does not hold; `room` is by code, and at least
    one for every open candidate. `reason` is given to what it keeps off; `detail` is the index of the attribute, of the
    contact policy's entry or of the volume limit behind it.
    """

    codes: NDArray[np.int32]
    room: NDArray[np.int64]
    reason: Reason
    detail: int

    @property
    def strict(self) -> bool:
        """Whether even a mandatory offer keeps to it.

        What customers are spared stands above a placement's wish, and of what is sold out there is none to be had.
        """
        return self.reason is not Reason.ATTRIBUTE_LIMIT


class Limits(msgspec.Struct, frozen=True, eq=False):
    """The limits of a slate, one after another and stacked as the kernel reads them.

    `codes` is int32[limits × n] and `strict` bool[limits]; `room` is int64[limits × codes], where limits with fewer
    codes than others have room for none of those they lack. `reasons` is uint8[limits + 1]: what a candidate is told
    by the index of the limit that holds it; the index -1, of those that none holds, reads the last one.
    """

    each: tuple[Limit, ...]
    codes: NDArray[np.int32]
    room: NDArray[np.int64]
    strict: NDArray[np.bool_]
    reasons: NDArray[np.uint8]

    @classmethod
    def of(cls, each: Sequence[Limit], candidates: int) -> "Limits":
        """Stack limits over so many candidates; a placement's own are stacked once, at publish."""
        codes = np.empty((len(each), candidates), np.int32)
        room = np.zeros((len(each), max((len(limit.room) for limit in each), default=0)), np.int64)
        for row, limit in enumerate(each):
            codes[row] = limit.codes
            room[row, : len(limit.room)] = limit.room
        strict = np.array([limit.strict for limit in each], np.bool_)
        reasons = np.array([*(limit.reason for limit in each), Reason.OUTRANKED], np.uint8)
        return cls(tuple(each), codes, room, strict, reasons)

    def joined(self, others: Sequence[Limit]) -> "Limits":
        """These and then the others."""
        return Limits.of((*self.each, *others), self.codes.shape[1]) if others else self
