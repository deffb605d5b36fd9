"""The compiled draw: who is free at each rank, who is drawn, and with what probability.

All functions but numpy's live in this one file, because numba's cache on disk watches only the file of the function it
compiled.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.numpy_loops import CHECKSUM, EXP, LOG, run_loop

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
"""Candidates that were free when they were compared, ascending."""
Reasons = NDArray[np.uint8]
Ranks = tuple[Rows, Reasons, Floats]
"""Per rank of a slate the index of its candidate, the number of the `Reason` and the exact chance."""
Holders = NDArray[np.int16]
"""By candidate the index of the limit that holds it, else -1."""
Loops = NDArray[np.int64]
"""Those of `models.numpy_loops`."""
Stacked = tuple[NDArray[np.int32], NDArray[np.int64], Mask]
"""Limits as in `decision.engine.limit.Limits`: codes, room, strict."""
Compiled = TypeVar("Compiled", bound=Callable[..., object])

_COLDEST = 1e-300
"""No logarithm of a ratio overflows when divided by it, and at or below it all ratios but one vanish anyway."""
_FADED = 1e-9
"""Once all that is free sums to less than this part of the best when powers were taken, they are taken anew: relative
to those that are left, they must not lose digits to those that are gone."""
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
RANKED, EXPLORED, MANDATORY = 100, 101, 102
"""As in `Reason`, whose numbers never change: a number from another file would be kept in the cache unwatched."""


def _compiled(function: Compiled) -> Compiled:
    # Division as numpy does it: no check for zero that would keep loops from being vectorised.
    return cast(Compiled, njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def point_of(seed: int, number: int) -> float:
    """The point with this number, from 0, that a seed below 2^63 gives: in 0…1 without 1, the same everywhere for ever.

    SplitMix64: number n is a mix of the seed and n + 1 steps of the golden ratio, so it needs no state to be set up
    first (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; the mixer is Stafford's
    13th).
    """
    state = np.uint64(seed) + (np.uint64(number) + np.uint64(1)) * _STEP
    mixed = (state ^ (state >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    # As many bits as a double tells apart everywhere below one.
    return float(mixed >> np.uint64(11)) * 2.0**-53


@_compiled
def _take(scores: Floats, free: Mask, temperature: float, loops: Loops, rows: Rows, powers: Floats) -> int:
    """Write who is free into `rows`, in order, and what each one is drawn in proportion to into `powers`.

    Gives how many are free; of `rows` and `powers` only so many count. A power is (score ÷ best score)^(1/temperature),
    or NaN where there is nothing to draw by. It is one for everybody when no score is above zero; at temperature 0 the
    first of the best alone has one.
    """
    number = 0
    for at in range(len(scores)):
        # Without a branch, as none could be foreseen; what is not free is written over by what comes next.
        rows[np.uint64(number)], powers[np.uint64(number)] = at, scores[at]
        number += int(free[at])
    powers = powers[:number]
    # As whole numbers they are in the same order, for none is negative, and so their maximum is vectorised.
    bits, most = powers.view(np.int64), np.int64(0)
    for at in range(number):
        most = max(most, bits[at])
    if most == 0:
        powers[:] = 1.0
        return number
    best = 0
    while bits[best] != most:
        best += 1
    highest = powers[best]
    if temperature == 0.0:
        powers[:] = np.nan
        powers[best] = 1.0
        return number
    for at in range(number):
        # The ratio to the best is at most one, so no power of it overflows.
        ratio = powers[at] / highest
        powers[at] = ratio if ratio > 0.0 else np.nan
    # By numpy's own loops, for compiled ones would not be vectorised.
    run_loop(loops, LOG, powers)
    divisor = max(temperature, _COLDEST)
    for at in range(number):
        powers[at] /= divisor
    run_loop(loops, EXP, powers)
    return number


def _takes_powers(loops_file: int) -> Callable[..., int]:
    def take_powers(scores: Floats, free: Mask, temperature: float, loops: Loops, rows: Rows, powers: Floats) -> int:
        assert loops_file
        return _take(scores, free, temperature, loops, rows, powers)

    return _compiled(take_powers)


def _places(loops_file: int) -> Callable[..., tuple[int, float]]:
    """The draw, compiled anew when the number that stands for the file of numpy's loops is another."""

    def place(
        scores: Floats,
        open: Mask,
        codes: NDArray[np.int32],
        room: NDArray[np.int64],
        strict: Mask,
        mandatory: NDArray[np.int64],
        seed: int,
        epsilon: float,
        temperature: float,
        loops: Loops,
        none: int,
        drawn: Rows,
        reasons: Reasons,
        chances: Floats,
        held_by: Holders,
    ) -> tuple[int, float]:
        """Fill the ranks; gives how many are filled, and the chance of showing nothing if the very first was drawn.

        `none` is the index of showing nothing, below zero where that is no choice: once drawn, it ends the slate. Its
        chance is NaN where no rank was drawn. Each drawn rank has two points of the `seed`: one decides whether to
        explore, the other is drawn by. `codes`, `room` and `strict` are as in `Limits`; `held_by` tells, once all is
        filled, what held whom at the last draw.
        """
        assert loops_file
        slots, candidates, none_chance = len(drawn), len(scores), np.nan
        limits, ranks = (codes, room, strict), (drawn, reasons, chances)
        left = open.copy()
        taken = np.zeros(room.shape, np.int64)
        held_by[:] = -1
        filled = _place_mandatory(mandatory, left, limits, taken, ranks, held_by)
        if filled == slots:
            held_by[:] = -1
        first_drawn = filled
        rows, powers = np.empty(candidates, np.int64), np.empty(candidates)
        free, edges = np.empty(candidates, np.bool_), np.empty(candidates)
        # The sums of the rows before this one are those of the draw before.
        since, compared = 0, 0
        while filled < slots:
            if filled > first_drawn:
                first = _count(drawn[filled - 1], left, limits, taken, held_by)
                since = int(np.searchsorted(rows[:compared], first))
            number = _mark_free(left, held_by, free)
            if number == 0:
                break
            total = _sum_up(powers[:compared], rows, free, since, edges)
            if total < _FADED:
                compared = _take(scores, free, temperature, loops, rows, powers)
                total = _sum_up(powers[:compared], rows, free, 0, edges)
            drawn_before = filled - first_drawn
            explores, point = point_of(seed, 2 * drawn_before) < epsilon, point_of(seed, 2 * drawn_before + 1)
            at = _nth(rows, free, int(point * number)) if explores else _pick(edges[:compared], point)
            # Showing nothing is behind all others.
            if none >= 0 and filled == 0:
                none_chance = _chance(powers[compared - 1], total, number, epsilon)
            if rows[at] == none:
                break
            chance = _chance(powers[at], total, number, epsilon)
            _put(ranks, filled, rows[at], chance, EXPLORED if explores else RANKED)
            left[rows[at]] = False
            filled += 1
        for at in range(candidates):
            held_by[at] = held_by[at] if left[at] else -1
        return filled, none_chance

    return _compiled(place)


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
    (_, _, strict), (drawn, _, _) = limits, ranks
    filled = 0
    for wanted in mandatory:
        held = held_by[wanted]
        if filled < len(drawn) and left[wanted] and not (held >= 0 and strict[held]):
            _put(ranks, filled, wanted, 1.0, MANDATORY)
            filled += 1
            _count(wanted, left, limits, taken, held_by)
    return filled


@_compiled
def _chance(power: float, total: float, number: int, epsilon: float) -> float:
    """The probability of a power among all that sum to the total; NaN, which is none, has but its part of epsilon."""
    share = power / total if power > 0.0 else 0.0
    return epsilon / number + (1.0 - epsilon) * share


@_compiled
def _put(ranks: Ranks, rank: int, candidate: int, chance: float, reason: int) -> None:
    drawn, reasons, chances = ranks
    drawn[rank], reasons[rank], chances[rank] = candidate, reason, chance


@_compiled
def _count(candidate: int, left: Mask, limits: Stacked, taken: NDArray[np.int64], held_by: Holders) -> int:
    """Count a candidate towards every limit, and hold back what a limit that is full lets in no more.

    Gives the first candidate that is not free now and may have been before.
    """
    left[candidate] = False
    first = candidate
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
                    first = min(first, at)
    return first


@_compiled
def _mark_free(left: Mask, held_by: Holders, free: Mask) -> int:
    """Which candidates are left and held by no limit; gives how many."""
    number = 0
    for at in range(len(free)):
        free[at] = left[at] & (held_by[at] < 0)
        number += free[at]
    return number


@_compiled
def _sum_up(powers: Floats, rows: Rows, free: Mask, since: int, edges: Floats) -> float:
    """The running sums of the powers of the rows that are free, in order, anew from one row on; gives the last."""
    total = edges[since - 1] if since > 0 else 0.0
    for at in range(since, len(powers)):
        # Not above zero is NaN too.
        total += powers[at] if free[np.uint64(rows[at])] and powers[at] > 0.0 else 0.0
        edges[at] = total
    return total


@_compiled
def _pick(edges: Floats, point: float) -> int:
    """The row whose stretch of the summed powers holds the point; never one whose power is zero."""
    found = int(np.searchsorted(edges, point * edges[-1], side="right"))
    # Rounding may put the product on the last edge itself, which the last row of some power reaches first.
    return found if found < len(edges) else int(np.searchsorted(edges, edges[-1]))


@_compiled
def _nth(rows: Rows, free: Mask, before: int) -> int:
    """The row that is free and has so many such before it."""
    for at in range(len(rows)):
        if free[rows[at]]:
            if before == 0:
                return at
            before -= 1
    return -1


take_powers, place = _takes_powers(CHECKSUM), _places(CHECKSUM)
