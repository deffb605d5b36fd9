"""The compiled loops of allocation: what customers would take at given prices, and at which price they would leave.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Units = NDArray[np.int64]
Short = NDArray[np.int32]
Compiled = TypeVar("Compiled", bound=Callable[..., object])


def _compiled(function: Compiled) -> Compiled:
    return cast(Compiled, njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def _put(best: Floats, last: int, net: float) -> None:
    """Put a figure among the best, descending, whose last is given up."""
    at = last
    while at > 0 and best[at - 1] < net:
        best[at] = best[at - 1]
        at -= 1
    best[at] = net


@_compiled
def wish(starts: Units, candidates: Short, values: Floats, cost: Floats, slots: int) -> float:
    """The sum over rows of their best `slots` values net of cost, as far as above zero."""
    total = 0.0
    best = np.empty(slots)
    for row in range(len(starts) - 1):
        best[:] = 0.0
        for entry in range(starts[row], starts[row + 1]):
            net = values[entry] - cost[candidates[entry]]
            if net > best[slots - 1]:
                _put(best, slots - 1, net)
        for rank in range(slots):
            total += best[rank]
    return total


@_compiled
def fill(
    starts: Units,
    candidates: Short,
    values: Floats,
    cost: Floats,
    slots: int,
    place_starts: Units,
    places: Short,
    room: Units,
    choices: Short,
) -> float:
    """Have the rows choose in order, each rank the best net of cost that all its places have room for; gives the value.

    As the engine does it: above zero net, the first of equals. `room` is int64[places] and is used up; `choices` is
    int32[rows × slots] and is filled with candidates, -1 where nothing was taken.
    """
    worth = 0.0
    for row in range(len(starts) - 1):
        for rank in range(slots):
            best, highest = -1, 0.0
            for entry in range(starts[row], starts[row + 1]):
                candidate = candidates[entry]
                net = values[entry] - cost[candidate]
                if net <= highest:
                    continue
                fits = True
                for at in range(place_starts[candidate], place_starts[candidate + 1]):
                    fits &= room[places[at]] > 0
                for before in range(rank):
                    fits &= choices[row, before] != candidate
                if fits:
                    best, highest = entry, net
            if best < 0:
                break
            candidate = candidates[best]
            choices[row, rank] = candidate
            worth += values[best]
            for at in range(place_starts[candidate], place_starts[candidate + 1]):
                room[places[at]] -= 1
    return worth


@_compiled
def index_rows(
    starts: Units, candidates: Short, place_starts: Units, places: Short, counts: Units, begins: Units, rows: Short
) -> None:
    """List the rows that have a candidate of each place; with `rows` empty they are only counted, int64[places]."""
    last = np.full(len(counts), -1, np.int64)
    counts[:] = 0
    for row in range(len(starts) - 1):
        for entry in range(starts[row], starts[row + 1]):
            candidate = candidates[entry]
            for at in range(place_starts[candidate], place_starts[candidate + 1]):
                place = places[at]
                if last[place] != row:
                    last[place] = row
                    if len(rows):
                        rows[begins[place] + counts[place]] = row
                    counts[place] += 1


@_compiled
def sweep(
    starts: Units,
    candidates: Short,
    values: Floats,
    slots: int,
    member_starts: Units,
    members: Short,
    begins: Units,
    rows: Short,
    rooms: Floats,
    owed: Floats,
    lowest: float,
    prices: Floats,
    cost: Floats,
) -> None:
    """Set one price after another to where it is best while the others stand; `prices` and `cost` follow.

    Place p has the candidates `members[member_starts[p]:member_starts[p + 1]]` and the rows
    `rows[begins[p]:begins[p + 1]]`; `rooms` and `owed` are its room and minimum, `lowest` bounds subsidies.
    """
    within = np.zeros(len(cost), np.bool_)
    ours, others = np.empty(slots), np.empty(slots)
    leave = np.empty(slots * len(starts))
    for place in range(len(prices)):
        for at in range(member_starts[place], member_starts[place + 1]):
            within[members[at]] = True
        price, number = prices[place], 0
        for at in range(begins[place], begins[place + 1]):
            row, found = rows[at], 0
            others[:] = 0.0
            for entry in range(starts[row], starts[row + 1]):
                candidate = candidates[entry]
                net = values[entry] - cost[candidate]
                if within[candidate]:
                    net += price
                    if found < slots or net > ours[slots - 1]:
                        found = min(found + 1, slots)
                        _put(ours, found - 1, net)
                elif net > others[slots - 1]:
                    _put(others, slots - 1, net)
            # Its k-th best of this place stays as long as it beats what else would have the rank that it takes.
            for rank in range(found):
                leave[number] = ours[rank] - others[slots - 1 - rank]
                number += 1
        prices[place] = _balance(leave[:number], rooms[place], owed[place], lowest)
        for at in range(member_starts[place], member_starts[place + 1]):
            within[members[at]] = False
            cost[members[at]] += prices[place] - price


@_compiled
def _balance(leave: Floats, room: float, owed: float, lowest: float) -> float:
    """The price at which as many stay as there is room for, or as are owed; `leave` are the prices at which each goes.

    Midway between the last who stays and the first who goes, where both are equally good.
    """
    wanting, willing, price = 0, 0, 0.0
    for at in range(len(leave)):
        wanting += leave[at] > 0.0
        willing += leave[at] >= 0.0
    if wanting > room:
        stay = int(room)
        price = _nth_best(leave, stay)
        if 0 < stay == room:
            price = 0.5 * (price + _nth_best(leave, stay - 1))
        price = max(price, 0.0)
    elif willing < owed:
        stay = int(np.ceil(owed))
        if len(leave) < stay:
            price = lowest
        else:
            last_in = _nth_best(leave, stay - 1)
            # Where nobody else could come, a little more subsidy costs nothing and leaves no tie.
            first_out = _nth_best(leave, stay) if len(leave) > stay else last_in - 1e-6 * abs(last_in)
            price = max(min(0.5 * (first_out + last_in), 0.0), lowest)
    return price


@_compiled
def _nth_best(figures: Floats, before: int) -> float:
    """The figure that so many are before, descending."""
    at = len(figures) - 1 - before
    return float(np.partition(figures, at)[at])
