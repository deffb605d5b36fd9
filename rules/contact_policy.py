"""The contact policy of one placement: how often each candidate may still be contacted."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.contact_spell import PLENTY
from rules.contact_tally import Counts
from rules.grouping import Grouping
from rules.offer import OfferTable
from rules.workspace import ContactPolicy


class BoundPolicy(msgspec.Struct, frozen=True, eq=False):
    """One entry, its stretch of the counts, and each candidate's place in that stretch (-1 where it is not counted)."""

    entry: ContactPolicy
    stretch: slice
    candidates: NDArray[np.int32]


class PolicyBook(msgspec.Struct, frozen=True, eq=False):
    """The entries that restrict one placement, in the workspace's order.

    Their stretches come first among the counts, so every place of theirs is also the number of a group of candidates
    in `groups`. `stops` is where each stretch ends and `most` what each entry allows. `exhausted` are counts that use
    up everything, which is what an unknown history may have done.
    """

    policies: tuple[BoundPolicy, ...]
    stops: NDArray[np.int64]
    most: NDArray[np.int32]
    groups: Grouping
    exhausted: Counts

    @classmethod
    def of(cls, entries: Sequence[ContactPolicy], stretches: Sequence[slice], candidates: OfferTable) -> "PolicyBook":
        """The entries, each with its stretch of the counts, bound to a placement's candidates."""
        policies = tuple(
            BoundPolicy(entry, stretch, _places(entry, candidates))
            for entry, stretch in zip(entries, stretches, strict=True)
        )
        sizes = [stretch.stop - stretch.start for stretch in stretches]
        return cls(
            policies,
            np.array([stretch.stop for stretch in stretches], np.int64),
            np.array([min(entry.at_most, PLENTY) for entry in entries], np.int32),
            Grouping.of([policy.candidates for policy in policies], sizes),
            np.full(sum(sizes), PLENTY, np.int32),
        )


def _places(entry: ContactPolicy, candidates: OfferTable) -> NDArray[np.int32]:
    if entry.per is None:
        return np.zeros(len(candidates), np.int32)
    column = candidates.columns[entry.per]
    return np.where(column.present, column.data, -1).astype(np.int32)
