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
_OUTRANKED, _NO_GAIN = int(Reason.OUTRANKED), int(Reason.NO_GAIN)


def tally(reasons: Iterable[Reason]) -> NDArray[np.int64]:
    """How many of these there are of each reason that keeps an offer off, by its number."""
    return np.bincount(np.array([*reasons], np.int64), minlength=_NUMBERS)


def verdicts(weighing: "Weighing", slate: "Slate") -> Codes:
    """The final `Reason` of every candidate, shown or not: uint8[n]."""
    reasons, _ = judged(weighing, slate)
    return reasons


def judged(weighing: "Weighing", slate: "Slate") -> tuple[Codes, dict[str, int]]:
    """The verdicts, and how many offers of the catalogue each reason kept off, by its slug, in the order of these."""
    left_out = weighing.placement.left_out
    reasons, counts = np.empty(len(weighing.open), np.uint8), np.empty(len(left_out), np.int64)
    _judge(
        weighing.open,
        weighing.screening.reason,
        slate.held_by,
        weighing.limits.reasons,
        slate.drawn,
        slate.reasons,
        left_out,
        reasons,
        counts,
    )
    if weighing.may_show_none:
        _tell_idle(reasons, weighing.scores, _OUTRANKED, _NO_GAIN, counts)
    numbers = counts.tolist()
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
    drawn: NDArray[np.int64],
    shown: Codes,
    left_out: NDArray[np.int64],
    reasons: Codes,
    counts: NDArray[np.int64],
) -> None:
    """Write the verdicts, and how many there are of each, beside those left out at publish."""
    # Most have the same reason: neighbours are counted apart, so that no count waits for the one before it.
    apart = np.zeros((_APART, len(counts)), np.int64)
    for at in range(len(open)):
        told, reason = limits[held_by[at]], screened[at]
        reason = told if open[at] else reason
        reasons[at] = reason
        apart[np.uint64(at) % np.uint64(_APART), np.uint64(reason)] += 1
    counts[:] = left_out
    for part in range(_APART):
        counts += apart[part]
    for rank in range(len(drawn)):
        # What is shown was open and held by nothing, so it was counted with what it outranked.
        counts[reasons[drawn[rank]]] -= 1
        reasons[drawn[rank]] = shown[rank]


@njit(cache=True, nogil=True)
def _tell_idle(
    reasons: Codes, scores: NDArray[np.float64], outranked: int, no_gain: int, counts: NDArray[np.int64]
) -> None:
    """Write down what gains nothing among what was outranked, and count it as such."""
    for at in range(len(reasons)):
        if reasons[at] == outranked and scores[at] <= 0.0:
            reasons[at] = no_gain
            counts[outranked] -= 1
            counts[no_gain] += 1


@njit(cache=True, nogil=True)
def _add(reasons: Codes, counts: NDArray[np.int64]) -> None:
    for at in range(len(reasons)):
        if reasons[at] < len(counts):
            counts[reasons[at], at] += 1
