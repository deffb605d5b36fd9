"""The slate: constraints, mandatory offers, exploration, and the exact probability of every draw.

Where showing nothing is a choice, it is one more candidate, behind the others: its score is the least there is above
zero, so that it wins when no other gains anything, and it is explored like any other.
"""

from collections.abc import Sequence
from math import isnan
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.drawing import place, take_powers
from decision.engine.limit import Limits
from models.numpy_loops import LOOPS
from rules.choice import Exploration
from rules.reason import Reason

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Share = TypeVar("Share", float, Floats)

_LOW_BITS = 2**63 - 1
"""Larger ints would be of another type to the kernel."""
_LEAST = float(np.nextafter(0.0, 1.0))
_REASONS = {int(reason): reason for reason in Reason}


class Place(msgspec.Struct, frozen=True):
    """One rank of a slate: the candidate's index, its exact probability at this rank given those above, and why."""

    candidate: int
    probability: float
    reason: Reason


class Slate(msgspec.Struct, frozen=True, eq=False):
    """The ranks in order, and what the last draw went without.

    `drawn` (indices of candidates), `reasons` (of `Reason`) and `chances` have one element per rank, as `places` has.
    `held_by` is int16[n]: the index of the limit that kept a candidate out of the last draw, else -1. `none` is the
    exact chance of an empty slate where showing nothing is a choice, else 0; `ended` says that this ended it: it was
    drawn, or limits left nothing else.
    """

    drawn: NDArray[np.int64]
    reasons: NDArray[np.uint8]
    chances: Floats
    held_by: NDArray[np.int16]
    none: float = 0.0
    ended: bool = False

    @property
    def places(self) -> tuple[Place, ...]:
        """The ranks one by one."""
        each = zip(self.drawn.tolist(), self.chances.tolist(), self.reasons.tolist(), strict=True)
        return tuple(Place(candidate, chance, _REASONS[reason]) for candidate, chance, reason in each)


def fill_slate(
    scores: Floats,
    open: Mask,
    slots: int,
    exploration: Exploration,
    limits: Limits,
    mandatory: NDArray[np.int64],
    seed: int,
    none: bool = False,
) -> Slate:
    """Up to `slots` of the candidates that are open; with `none` showing nothing is a choice, which ends the slate.

    Mandatory candidates that are open come first, in order, with probability one; they count towards all limits but are
    held back only by strict ones. Every further rank is drawn: with probability epsilon uniformly over the candidates
    that are left and within the limits, else in proportion to `powers_of` their scores. Of the `seed` the low 63 bits
    count.
    """
    candidates = len(scores)
    slots = min(slots, candidates)
    if none:
        scores, open = _with_none(scores, open)
    drawn, reasons, chances = np.empty(slots, np.int64), np.empty(slots, np.uint8), np.empty(slots)
    held_by = np.empty(len(scores), np.int16)
    filled, chance = place(
        scores,
        open,
        limits.codes,
        limits.room,
        limits.strict,
        mandatory,
        seed & _LOW_BITS,
        exploration.epsilon,
        exploration.temperature,
        LOOPS,
        candidates if none else -1,
        drawn,
        reasons,
        chances,
        held_by,
    )
    if filled < slots:
        drawn, reasons, chances = drawn[:filled], reasons[:filled], chances[:filled]
    if not none:
        return Slate(drawn, reasons, chances, held_by)
    if filled and reasons[0] == Reason.MANDATORY:
        chance = 0.0
    elif isnan(chance):
        chance = 1.0
    return Slate(drawn, reasons, chances, held_by[:candidates], chance, filled < slots)


def first_rank(
    scores: Floats, open: Mask, exploration: Exploration, mandatory: Sequence[int], none: bool = False
) -> Floats:
    """The exact probability of every candidate to stand at rank 1 and, last, of an empty slate: float64[n + 1].

    With `none` showing nothing is a choice; otherwise a slate is empty only when no candidate is open.
    """
    chances = np.zeros(len(scores) + 1)
    for candidate in mandatory:
        if open[candidate]:
            chances[candidate] = 1.0
            return chances
    if none:
        scores, open = _with_none(scores, open)
    number = int(np.count_nonzero(open))
    if number:
        powers = powers_of(scores, open, exploration.temperature)
        shares = mixed(powers / powers.cumsum()[-1], number, exploration.epsilon)
        np.copyto(chances[: len(scores)], shares, where=open)
    else:
        chances[-1] = 1.0
    return chances


def powers_of(scores: Floats, free: Mask, temperature: float) -> Floats:
    """What each score is drawn in proportion to: score^(1/temperature), relative to the best that is free, which has 1.

    `scores` are finite and not negative; what is not free has zero. When all scores are zero every one has the same
    power, and at temperature 0 the first of the best has the only one.
    """
    rows, powers, placed = np.empty(len(scores), np.int64), np.empty(len(scores)), np.zeros(len(scores))
    number = take_powers(scores, free, temperature, LOOPS, rows, powers)
    placed[rows[:number]] = np.nan_to_num(powers[:number])
    return placed


def mixed(share: Share, left: int, epsilon: float) -> Share:
    """The probability of a share when a draw is uniform over the `left` candidates with probability epsilon."""
    return epsilon / left + (1.0 - epsilon) * share


def _with_none(scores: Floats, open: Mask) -> tuple[Floats, Mask]:
    """With showing nothing behind the candidates."""
    # By hand, for it is three times as fast as numpy's append.
    candidates = len(scores)
    extended, free = np.empty(candidates + 1), np.empty(candidates + 1, np.bool_)
    extended[:candidates], extended[candidates] = scores, _LEAST
    free[:candidates], free[candidates] = open, True
    return extended, free
