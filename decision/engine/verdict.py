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
_NUMBERS = max(number for _, number in _KEPT_OFF) + 1
_APART = 4


def tally(reasons: Iterable[Reason]) -> NDArray[np.int64]:
    """How many of these there are of each reason that keeps an offer off, by its number."""
    return np.bincount(np.array([*reasons], np.int64), minlength=_NUMBERS)


def verdicts(weighing: "Weighing", slate: "Slate") -> Codes:
    """The final `Reason` of every candidate, shown or not: uint8[n]."""
    reasons, _ = judged(weighing, slate)
    return reasons


def judged(weighing: "Weighing", slate: "Slate") -> tuple[Codes, dict[str, int]]:
    """The verdicts, and how many offers of the catalogue each reason kept off, by its slug, in the order of these."""
    reasons, counts = np.empty(len(weighing.open), np.uint8), weighing.placement.left_out.copy()
    _judge(weighing.open, weighing.screening.reason, slate.held_by, weighing.limits.reasons, reasons, counts)
    for place in slate.places:
        reasons[place.candidate] = place.reason
    numbers = counts.tolist()
    # What is shown was open and held by nothing, so it was counted with what it outranked.
    numbers[Reason.OUTRANKED] -= len(slate.places)
    if weighing.may_show_none:
        number = _tell_idle(reasons, weighing.scores, int(Reason.OUTRANKED), int(Reason.NO_GAIN))
        numbers[Reason.OUTRANKED] -= number
        numbers[Reason.NO_GAIN] += number
    return reasons, {slug: numbers[reason] for slug, reason in _KEPT_OFF if numbers[reason]}


def sum_verdicts(each: Iterable[Codes], candidates: int) -> NDArray[np.int64]:
    """How often each reason left out each candidate, over some decisions: int64[reasons × candidates]."""
    counts = np.zeros((_NUMBERS, candidates), np.int64)
    for reasons in each:
        _add(reasons, counts)
    return counts


@njit(cache=True, nogil=True)
def _judge(
    open: NDArray[np.bool_],
    screened: Codes,
    held_by: NDArray[np.int16],
    limits: Codes,
    reasons: Codes,
    counts: NDArray[np.int64],
) -> None:
    # Most have the same reason: neighbours are counted apart, so that no count waits for the one before it.
    apart = np.zeros((_APART, len(counts)), np.int64)
    for at in range(len(open)):
        told, reason = limits[held_by[at]], screened[at]
        reason = told if open[at] else reason
        reasons[at] = reason
        apart[np.uint64(at) % np.uint64(_APART), np.uint64(reason)] += 1
    for part in range(_APART):
        counts += apart[part]


@njit(cache=True, nogil=True)
def _tell_idle(reasons: Codes, scores: NDArray[np.float64], outranked: int, no_gain: int) -> int:
    """Write down what gains nothing among what was outranked; gives how many."""
    number = 0
    for at in range(len(reasons)):
        if reasons[at] == outranked and scores[at] <= 0.0:
            reasons[at] = no_gain
            number += 1
    return number


@njit(cache=True, nogil=True)
def _add(reasons: Codes, counts: NDArray[np.int64]) -> None:
    for at in range(len(reasons)):
        if reasons[at] < len(counts):
            counts[reasons[at], at] += 1
