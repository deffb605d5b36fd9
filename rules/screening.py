"""The outcome of a screening: for each candidate the first reason to leave it out, and that reason told in words."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.facts import FactValue
from rules.ids import OfferId
from rules.reason import Reason


class Screening(msgspec.Struct, frozen=True, eq=False):
    """Per candidate a `Reason` and the index of the rule or policy behind it, else -1.

    `passes` flags the candidates that nothing is against, whose reason is UNDECIDED; `rows` are these, ascending.
    """

    reason: NDArray[np.uint8]
    detail: NDArray[np.int16]
    passes: NDArray[np.bool_]
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, reason: NDArray[np.uint8], detail: NDArray[np.int16], passes: NDArray[np.bool_]) -> "Screening":
        """Of these candidates those that pass."""
        return cls(reason, detail, passes, passes.nonzero()[0])

    def closed(self, reason: Reason, against: NDArray[np.bool_] | None = None) -> "Screening":
        """The same without those it let pass that something else is `against`; without that, without all of them."""
        lost = self.passes if against is None else self.passes & against
        return Screening.of(np.where(lost, reason, self.reason).astype(np.uint8), self.detail, self.passes & ~lost)


class ScreenDetail(msgspec.Struct, frozen=True):
    """Why one offer was left out: the reason, the rule or policy entry (else empty) and its author's words.

    `read` maps paths to values, with timestamps as text; an absent one is None.
    """

    offer: OfferId
    reason: Reason
    rule: str
    because: str
    read: Mapping[str, FactValue | None]
    sentence: str
