"""Candidates by group, so that what becomes of a whole group touches only its members."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray


class Grouping(msgspec.Struct, frozen=True, eq=False):
    """The members of group g are `members[begins[g]:begins[g + 1]]`, ascending."""

    begins: NDArray[np.int32]
    members: NDArray[np.int32]

    @classmethod
    def of(cls, codes: Sequence[NDArray[np.integer]], sizes: Sequence[int]) -> "Grouping":
        """From each candidate's group in so many divisions of all candidates; below zero it is in none.

        The groups of a division are numbered on from those of the one before it; `sizes` says how many each has.
        """
        begins, members = [np.zeros(1, np.intp)], [np.empty(0, np.intp)]
        for division, size in zip(codes, sizes, strict=True):
            order = np.argsort(division, kind="stable")
            edges = np.searchsorted(division[order], np.arange(size + 1))
            begins.append(edges[1:] - edges[0] + sum(map(len, members)))
            members.append(order[edges[0] : edges[-1]])
        return cls(np.concatenate(begins).astype(np.int32), np.concatenate(members).astype(np.int32))
