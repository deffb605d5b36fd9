"""Verdicts: the final reason of every candidate, how many offers each kept off, and the figures of those shown."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zlib import crc32

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models import feature_rows
from models.feature_rows import gather
from rules.reason import Reason

if TYPE_CHECKING:
    from decision.engine.slate import Slate
    from decision.engine.weighing import Weighing

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_KEPT_OFF = sorted((reason.slug, int(reason)) for reason in Reason if reason < Reason.RANKED)
_NUMBERS = max(number for _, number in _KEPT_OFF) + 1
_APART = 4
_OWN = 3
"""Figures of what is shown that come before its features."""
_OUTRANKED, _NO_GAIN = int(Reason.OUTRANKED), int(Reason.NO_GAIN)


def tally(reasons: Iterable[Reason]) -> NDArray[np.int64]:
    """How many of these there are of each reason that keeps an offer off, by its number."""
    return np.bincount(np.array([*reasons], np.int64), minlength=_NUMBERS)


def verdicts(weighing: "Weighing", slate: "Slate") -> Codes:
    """The final `Reason` of every candidate, shown or not: uint8[n]."""
    reasons, _, _ = judged(weighing, slate)
    return reasons


def judged(weighing: "Weighing", slate: "Slate") -> tuple[Codes, dict[str, int], Floats]:
    """The verdicts, how many offers of the catalogue each reason kept off, and the figures of what is shown.

    The counts are by the reason's slug, in the order of these. A row of figures is a rank's prediction, value and
    score, and then its features.
    """
    left_out, features = weighing.placement.left_out, weighing.features
    reasons, counts = np.empty(len(weighing.open), np.uint8), np.empty(len(left_out), np.int64)
    figures = np.empty((len(slate.drawn), _OWN + features.number))
    _tell(
        weighing.open,
        weighing.screening.reason,
        slate.held_by,
        weighing.limits.reasons,
        slate.drawn,
        slate.reasons,
        left_out,
        weighing.prediction,
        weighing.parts.value,
        weighing.scores,
        features.offer,
        features.request,
        features.pair,
        *features.columns,
        reasons,
        counts,
        figures,
    )
    if weighing.may_show_none:
        _tell_idle(reasons, weighing.scores, _OUTRANKED, _NO_GAIN, counts)
    numbers = counts.tolist()
    return reasons, {slug: numbers[reason] for slug, reason in _KEPT_OFF if numbers[reason]}, figures


def sum_verdicts(each: Iterable[Codes], candidates: int) -> NDArray[np.int64]:
    """How often each reason left out each candidate, over some decisions: int64[reasons × candidates]."""
    counts = np.zeros((_NUMBERS, candidates), np.int64)
    for reasons in each:
        _add(reasons, counts)
    return counts


def _teller(gathering: int) -> Callable[..., None]:
    """The kernel, compiled anew when the number that stands for the file of the gathering is another."""

    def tell(
        open: NDArray[np.bool_],
        screened: Codes,
        held_by: NDArray[np.int16],
        limits: Codes,
        drawn: Rows,
        shown: Codes,
        left_out: NDArray[np.int64],
        prediction: Floats,
        value: Floats,
        scores: Floats,
        offer: Floats,
        request: Floats,
        pair: Floats,
        offer_columns: Rows,
        request_columns: Rows,
        pair_columns: Rows,
        reasons: Codes,
        counts: NDArray[np.int64],
        figures: Floats,
    ) -> None:
        """Write the verdicts, how many there are of each, beside those left out at publish, and the figures."""
        assert gathering
        outranked = limits[-1]
        for at in range(len(open)):
            reasons[at] = outranked if open[at] else screened[at]
        if len(limits) > 1:
            # Apart, so that the loop above is vectorised. What is held is open.
            for at in range(len(open)):
                if held_by[at] >= 0:
                    reasons[at] = limits[held_by[at]]
        # Most have the same reason: neighbours are counted apart, so that no count waits for the one before it.
        apart = np.zeros((_APART, len(counts)), np.int64)
        for at in range(len(open)):
            apart[np.uint64(at) % np.uint64(_APART), np.uint64(reasons[at])] += 1
        counts[:] = left_out
        for part in range(_APART):
            counts += apart[part]
        for rank in range(len(drawn)):
            # What is shown was open and held by nothing, so it was counted with what it outranked.
            counts[reasons[drawn[rank]]] -= 1
            reasons[drawn[rank]] = shown[rank]
        for rank in range(len(drawn)):
            row = drawn[rank]
            figures[rank, 0], figures[rank, 1], figures[rank, 2] = prediction[row], value[row], scores[row]
        gather(offer, request, pair, offer_columns, request_columns, pair_columns, drawn, figures[:, _OWN:])

    return cast(Callable[..., None], njit(cache=True, nogil=True)(tell))


_tell = _teller(crc32(Path(feature_rows.__file__).read_bytes()))


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
