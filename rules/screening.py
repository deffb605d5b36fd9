"""The outcome of a screening: for each candidate the first reason to leave it out, and that reason told in words."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.facts import FactValue
from rules.ids import OfferId
from rules.reason import Reason


class Screening(msgspec.Struct, frozen=True, eq=False):
    """Per candidate a `Reason` (UNDECIDED where nothing is against it) and the index of the rule or policy, else -1."""

    reason: NDArray[np.uint8]
    detail: NDArray[np.int16]

    @property
    def passes(self) -> NDArray[np.bool_]:
        """The candidates that nothing is against."""
        return np.equal(self.reason, Reason.UNDECIDED)


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


class Tally:
    """Collects verdicts over the candidates; a later one replaces an earlier one."""

    def __init__(self, candidates: int) -> None:
        self._verdicts = np.full(candidates, _verdict(Reason.UNDECIDED, -1), np.int32)

    def set(self, where: NDArray[np.bool_] | bool, reason: Reason, detail: int = -1) -> None:
        """Give the candidates that are flagged (all with True) a reason."""
        if where is not False:
            np.copyto(self._verdicts, _verdict(reason, detail), where=where)

    def screening(self) -> Screening:
        """The verdicts so far."""
        return Screening(
            (self._verdicts >> 16).astype(np.uint8), (self._verdicts & 0xFFFF).astype(np.int16) - np.int16(1)
        )


def _verdict(reason: Reason, detail: int) -> np.int32:
    # One number for both, so that a verdict is one pass over the candidates.
    return np.int32(reason << 16 | detail + 1)
