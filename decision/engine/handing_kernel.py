"""The compiled kernel that hands a tape what was found in slots (`reading_kernel`), as `Intake.take` hands it facts.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AS_IT_IS, TRUTH, CODE, NUMBER, PRESENCE = range(5)
"""What is taken of a slot: its value, a bool, the code of a word, the number of a word, or whether it is there."""

ABSENT, MAP = 0, 6
KIND, VALUE, LENGTH, PLACE = range(4)
BEGIN, LONG, OF_LEXICON, BITS = range(4)
"""As in `reading_kernel`: numbers from another file would be kept in the cache unwatched."""

_WRONG, _TRUE = 1, 2


def _compiled(function: Any) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy")(function)


@_compiled
def _count(counters: Ints, places: Ints, counts: NDArray[np.int32], slots: Ints, held: Ints, used: int) -> None:
    """Fill the slots of counters: each has its slot, a stretch of counts, and where their words are among places."""
    for counter in range(len(counters)):
        slot, start, stop, word = counters[counter]
        first = used
        for place in range(start, min(stop, len(counts))):
            if counts[place] and slots[slot, KIND] != MAP:
                slots[slot, VALUE] = counts[place]
            elif counts[place]:
                held[used, OF_LEXICON] = places[word + place - start, 0]
                held.view(np.float64)[used, BITS] = float(counts[place])
                used += 1
        if slots[slot, KIND] == MAP:
            slots[slot, VALUE], slots[slot, LENGTH] = first, used - first


@_compiled
def _code(read: Bytes, word: int, begin: int, length: int, codes: Ints, fresh: Ints, count: int) -> Any:
    """The code of a word: its own, or after those that of a fresh word, or the next."""
    if word >= 0 and codes[word] >= 0:
        return codes[word]
    for place in range(count):
        same = fresh[place, 0] == word
        if same and word < 0:
            same = fresh[place, 2] == length
            for at in range(length if same else 0):
                same = same and read[begin + at] == read[fresh[place, 1] + at]
        if same:
            return codes[-1] + place
    return codes[-1] + count


@_compiled
def hand(
    read: Bytes, used: int, counts: NDArray[np.int32], codes: Ints, numbers: Floats, plan: Ints, room: Floats,
    start: int,
) -> Any:  # fmt: skip
    """Fill the room before `start` (see `Intake.take`); how many words are new, and 2**32 for each number asked for.

    The room from there on has the slots, what they hold, and at last two rows for each input: these begin with the
    words that are new to the tape (place in the lexicon, begin, length), and end, backwards, with those whose number is
    to go into the room (where, begin, length). `codes` and `numbers` are those of the lexicon; after the codes comes
    how many the tape knows. `plan` begins with how many counters, inputs, tables and slots there are; but for the slots
    these follow, and then the words of counts.
    """
    counters, inputs, tables, number = plan[0, 0], plan[0, 1], plan[0, 2], plan[0, 3]
    taken, ints = room, room.view(np.int64)
    slots, held = ints[start : start + 5 * number].reshape(-1, 5), ints[start + 5 * number :].reshape(-1, 4)
    fresh = held[len(held) - 2 * inputs :]
    _count(plan[1 : 1 + counters], plan[1 + counters + inputs + tables :], counts, slots, held, used)
    states, body = taken.view(np.uint8), (inputs + tables + 7) // 8
    taken[:body] = 0.0
    new, asked = 0, 0
    for at in range(inputs):
        slot, form = plan[1 + counters + at, 0], plan[1 + counters + at, 1]
        kind, value = slots[slot, KIND], slots[slot, VALUE]
        length, word = slots[slot, LENGTH], slots[slot, PLACE]
        ints[body + at] = 0 if form == PRESENCE or kind == ABSENT else value
        if kind == ABSENT:
            states[at] = _WRONG
        elif form == TRUTH:
            states[at] = _TRUE if value else 0
        elif form == CODE:
            ints[body + at] = _code(read, word, value, length, codes, fresh, new)
            if ints[body + at] == codes[-1] + new:
                fresh[new, 0], fresh[new, 1], fresh[new, 2] = word, value, length
                new += 1
        elif form == NUMBER and word >= 0:
            taken[body + at] = numbers[word]
        elif form == NUMBER:
            asked += 1
            fresh[-asked, 0], fresh[-asked, 1], fresh[-asked, 2] = body + at, value, length
    sizes = body + inputs
    to = sizes + tables
    for table in range(tables):
        slot = plan[1 + counters + inputs + table, 0]
        states[inputs + table] = _WRONG if slots[slot, KIND] == ABSENT else 0
        size = 0 if slots[slot, KIND] == ABSENT else slots[slot, LENGTH]
        taken[sizes + table] = size
        for entry in range(size):
            one = held[slots[slot, VALUE] + entry]
            taken[to + entry] = _code(read, one[OF_LEXICON], one[BEGIN], one[LONG], codes, fresh, new)
            ints[to + size + entry] = one[BITS]
        to += 2 * size
    return new + (asked << 32)
