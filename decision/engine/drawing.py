"""The compiled draw: who is free at each rank, who is drawn, and with what probability.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Holders = NDArray[np.int16]
"""By candidate the index of the limit that holds it, else -1."""
Stacked = tuple[NDArray[np.int32], NDArray[np.int64], Mask]
"""Limits as in `decision.engine.limit.Limits`: codes, room, strict."""
Compiled = TypeVar("Compiled", bound=Callable[..., object])

_FADED = 1e-9
"""Once all that is free sums to less than this part of the best when powers were taken, they are taken anew: relative
to those that are left, they must not lose digits to those that are gone."""
RANKED, EXPLORED, MANDATORY = 100, 101, 102
"""As in `Reason`, whose numbers never change: a number from another file would be kept in the cache unwatched."""

RANK = np.dtype([("candidate", np.int64), ("probability", np.float64), ("reason", np.uint8)], align=True)
"""One rank of a slate: the index of its candidate, the exact probability, the `Reason`."""
Ranks = np.ndarray[tuple[int], np.dtype[np.void]]
"""Of type `RANK`."""


def _compiled(function: Compiled) -> Compiled:
    # Division as numpy does it: no check for zero that would keep loops from being vectorised.
    return cast(Compiled, njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def compare(scores: Floats, free: Mask, greedy: bool, powers: Floats) -> bool:
    """Write each free score relative to the best of them into `powers`, and NaN where there is nothing to draw by.

    True says that these are the powers already: one for every free candidate when no score is above zero, else, when
    greedy, for the first of the best alone. Otherwise the caller has yet to raise them.
    """
    best, highest = -1, -1.0
    for at in range(len(scores)):
        score = scores[at] if free[at] else -1.0
        if score > highest:
            best, highest = at, score
    if highest <= 0.0:
        for at in range(len(scores)):
            powers[at] = 1.0 if free[at] else np.nan
        return True
    if greedy:
        powers[:] = np.nan
        powers[best] = 1.0
        return True
    for at in range(len(scores)):
        # The ratio to the best is at most one, so no power of it overflows.
        ratio = scores[at] / highest
        powers[at] = ratio if free[at] and ratio > 0.0 else np.nan
    return False


@_compiled
def place(
    scores: Floats,
    open: Mask,
    codes: NDArray[np.int32],
    room: NDArray[np.int64],
    strict: Mask,
    mandatory: NDArray[np.int64],
    points: Floats,
    epsilon: float,
    greedy: bool,
    powers: Floats,
    raised: bool,
    ranks: Ranks,
    filled: int,
    held_by: Holders,
    none: int,
) -> tuple[int, bool, float]:
    """Fill ranks from `filled` on; gives how many are filled and whether `powers` must be raised before it goes on.

    `none` is the index of showing nothing, below zero where that is no choice: once drawn, it ends the slate. Its
    chance is the third that is given, if the very first rank was drawn just now; else that is NaN.

    What is free follows from the ranks filled so far, so that nothing else need be kept between the calls. `points` is
    float64[slots × 2]: per drawn rank the point that decides whether to explore and the one that is drawn by. `codes`,
    `room` and `strict` are as in `Limits`; `held_by` tells, once all is filled, what held whom at the last draw.
    """
    slots, candidates, none_chance = len(ranks), len(scores), np.nan
    limits = (codes, room, strict)
    left = open.copy()
    taken = np.zeros(room.shape, np.int64)
    held_by[:] = -1
    if filled == 0:
        filled = _place_mandatory(mandatory, left, limits, taken, ranks, held_by)
    else:
        for rank in range(filled):
            _take(ranks[rank].candidate, left, limits, taken, held_by)
    if filled == slots:
        held_by[:] = -1
    counted = filled
    first_drawn = _count_mandatory(ranks, filled)
    free, edges = np.empty(candidates, np.bool_), np.empty(candidates)
    while filled < slots:
        if filled > counted:
            _take(ranks[filled - 1].candidate, left, limits, taken, held_by)
        number = _mark_free(left, held_by, free)
        if number == 0:
            break
        total = _sum_up(powers, free, edges) if raised else 0.0
        if total < _FADED:
            if not compare(scores, free, greedy, powers):
                return filled, True, none_chance
            raised = True
            total = _sum_up(powers, free, edges)
        to_explore, point = points[filled - first_drawn]
        explores = to_explore < epsilon
        drawn = _nth(free, int(point * number)) if explores else _pick(edges, point)
        if none >= 0 and filled == 0:
            none_chance = _chance(powers[none], total, number, epsilon)
        if drawn == none:
            break
        chance = _chance(powers[drawn], total, number, epsilon)
        _put(ranks, filled, drawn, chance, EXPLORED if explores else RANKED)
        left[drawn] = False
        filled += 1
    for at in range(candidates):
        held_by[at] = held_by[at] if left[at] else -1
    return filled, False, none_chance


@_compiled
def _place_mandatory(
    mandatory: NDArray[np.int64],
    left: Mask,
    limits: Stacked,
    taken: NDArray[np.int64],
    ranks: Ranks,
    held_by: Holders,
) -> int:
    """Fill ranks with what is mandatory, open and held back by no strict limit, in order; gives how many."""
    _, _, strict = limits
    filled = 0
    for wanted in mandatory:
        held = held_by[wanted]
        if filled < len(ranks) and left[wanted] and not (held >= 0 and strict[held]):
            _put(ranks, filled, wanted, 1.0, MANDATORY)
            filled += 1
            _take(wanted, left, limits, taken, held_by)
    return filled


@_compiled
def _count_mandatory(ranks: Ranks, filled: int) -> int:
    """How many of the ranks filled so far are mandatory: they are the first."""
    number = 0
    while number < filled and ranks[number].reason == MANDATORY:
        number += 1
    return number


@_compiled
def _chance(power: float, total: float, number: int, epsilon: float) -> float:
    """The probability of a power among all that sum to the total; NaN, which is none, has but its part of epsilon."""
    share = power / total if power > 0.0 else 0.0
    return epsilon / number + (1.0 - epsilon) * share


@_compiled
def _put(ranks: Ranks, rank: int, candidate: int, probability: float, reason: int) -> None:
    ranks[rank].candidate = candidate
    ranks[rank].probability = probability
    ranks[rank].reason = reason


@_compiled
def _take(candidate: int, left: Mask, limits: Stacked, taken: NDArray[np.int64], held_by: Holders) -> None:
    """Count a candidate towards every limit, and hold back what a limit that is full lets in no more."""
    left[candidate] = False
    codes, room, strict = limits
    for limit in range(len(strict)):
        code = codes[limit, candidate]
        if code < 0:
            continue
        taken[limit, code] += 1
        if taken[limit, code] >= room[limit, code]:
            # Showing nothing comes after the candidates, and no limit counts it.
            for at in range(codes.shape[1]):
                # A strict limit is the one to name where both hold.
                if codes[limit, at] == code and (strict[limit] or held_by[at] < 0):
                    held_by[at] = limit


@_compiled
def _mark_free(left: Mask, held_by: Holders, free: Mask) -> int:
    """Which candidates are left and held by no limit; gives how many."""
    number = 0
    for at in range(len(free)):
        free[at] = left[at] & (held_by[at] < 0)
        number += free[at]
    return number


@_compiled
def _sum_up(powers: Floats, free: Mask, edges: Floats) -> float:
    """The running sums of the powers of what is free, in the candidates' order; gives the last."""
    total = 0.0
    for at in range(len(powers)):
        # Not above zero is NaN too.
        total += powers[at] if free[at] and powers[at] > 0.0 else 0.0
        edges[at] = total
    return total


@_compiled
def _pick(edges: Floats, point: float) -> int:
    """The candidate whose stretch of the summed powers holds the point; never one whose power is zero."""
    found = int(np.searchsorted(edges, point * edges[-1], side="right"))
    # Rounding may put the product on the last edge itself, which the last candidate of some power reaches first.
    return found if found < len(edges) else int(np.searchsorted(edges, edges[-1]))


@_compiled
def _nth(free: Mask, before: int) -> int:
    """The free candidate with so many free ones before it."""
    for at in range(len(free)):
        if free[at]:
            if before == 0:
                return at
            before -= 1
    return -1
