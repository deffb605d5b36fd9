"""Verdicts: the final reason of every candidate, shown or not, and how many offers each reason kept off."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.reason import Reason

if TYPE_CHECKING:
    from decision.engine.slate import Slate
    from decision.engine.weighing import Weighing

Codes = NDArray[np.uint8]

_KEPT_OFF = sorted((reason.slug, int(reason)) for reason in Reason if reason < Reason.RANKED)


def tally(reasons: Iterable[Reason]) -> NDArray[np.int64]:
    """How many of these there are of each reason that keeps an offer off, by its number."""
    return np.bincount(np.array([*reasons], np.int64), minlength=max(number for _, number in _KEPT_OFF) + 1)


def verdicts(weighing: "Weighing", slate: "Slate") -> Codes:
    """The final `Reason` of every candidate, shown or not: uint8[n]."""
    reasons, _ = _judged(weighing, slate)
    for place in slate.places:
        reasons[place.candidate] = place.reason
    return reasons


def kept_off(weighing: "Weighing", slate: "Slate") -> dict[str, int]:
    """How many offers of the catalogue each reason kept off, by its slug, in the order of the slugs."""
    _, counts = _judged(weighing, slate)
    numbers = counts.tolist()
    # What is shown was open and held by nothing, so it was counted with what it outranked.
    numbers[Reason.OUTRANKED] -= len(slate.places)
    return {slug: numbers[reason] for slug, reason in _KEPT_OFF if numbers[reason]}


def _judged(weighing: "Weighing", slate: "Slate") -> tuple[Codes, NDArray[np.int64]]:
    """The reason of every candidate as if it were not shown, and with those left out at publish, how often each is."""
    reasons, counts = np.empty(len(weighing.open), np.uint8), weighing.placement.left_out.copy()
    _judge(weighing.open, weighing.screening.reason, slate.held_by, weighing.limits.reasons, reasons, counts)
    return reasons, counts


@njit(cache=True, nogil=True)
def _judge(
    open: NDArray[np.bool_],
    screened: Codes,
    held_by: NDArray[np.int16],
    limits: Codes,
    reasons: Codes,
    counts: NDArray[np.int64],
) -> None:
    for at in range(len(open)):
        reason = limits[held_by[at]] if open[at] else screened[at]
        reasons[at] = reason
        counts[reason] += 1
