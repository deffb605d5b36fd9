"""The compiled kernel that finds, in an encoded context and profile, what a tape reads (see `decision.engine.reading`).

It reads MessagePack as `encode_profile` writes it, and gives up on anything else (`ODD`), which is then read the plain
way. What it finds goes into slots, each of a kind, a value (or its bits) and two numbers more. A string has where it
begins, its length, and its place in the lexicon, -1 for none. A list or map has where it begins among what is held, and
its size: words, as strings are, and a number for each. All functions live in this one file, because numba's cache on
disk watches only the file of the function it compiled.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ODD, ABSENT, STRING, INT, FLOAT, BOOL, LIST, MAP = range(-1, 7)
"""Kinds of values."""

SPELLED_AT, SPELLED, OF_CUSTOMER, OF_CONTEXT, OF_AFFINITY, OF_ACTIVITY = range(6)
"""Of a word in the lexicon: where it is spelled, how long it is, and the slots that it names, each -1 for none."""

PADDING = 9
"""Bytes of zero after what is read, so that no head of a value reaches beyond all."""

KIND, VALUE, LENGTH, PLACE, DECLARED = range(5)
"""What a slot has, and at last the kind that an attribute is declared with."""

BEGIN, LONG, OF_LEXICON, BITS = range(4)
"""What each word that is held has."""

_DAY, _FAR = 86_400_000.0, 2**52
"""Milliseconds; up to moments so far away, on either side, doubles hold the time between two of them exactly."""


def _compiled(function: Any) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy")(function)


@_compiled
def _token(read: Bytes, at: int) -> Any:
    """The kind of the value that begins here, its value, bits, length or size, and where its head ends."""
    first: Any = np.int64(read[min(at, len(read) - PADDING)])
    at += 1
    if first < 0x80 or first >= 0xE0:
        return INT, first if first < 0x80 else first - 0x100, at
    if first < 0xC0:
        return (STRING, first & 31, at) if first >= 0xA0 else (MAP if first < 0x90 else LIST, first & 15, at)
    if 0xC2 <= first <= 0xC3:
        return BOOL, first & 1, at
    kind, width = ODD, 0
    if 0xD9 <= first <= 0xDB:
        kind, width = STRING, 1 << (first - 0xD9)
    elif first == 0xCB:
        kind, width = FLOAT, 8
    elif 0xCC <= first <= 0xD3:
        kind, width = INT, 1 << (first & 3)
    elif first >= 0xDC:
        kind, width = LIST if first < 0xDE else MAP, 2 << (first & 1)
    number: Any = np.int64(-1 if 0xD0 <= first <= 0xD3 and read[at] >= 0x80 else 0)
    for place in range(at, at + width):
        number = number << 8 | np.int64(read[place])
    return ODD if first == 0xCF and number < 0 else kind, number, at + width


@_compiled
def hashed(read: Bytes, at: int, length: int) -> Any:
    """A hash of a word (FNV-1a, of Fowler, Noll and Vo)."""
    value: Any = np.int64(2_166_136_261)
    for place in range(at, at + length):
        value = (value ^ np.int64(read[place])) * 16_777_619 & 0xFFFFFFFF
    return value


@_compiled
def _order(one: Bytes, at: int, length: int, other: Bytes, there: int, long: int) -> Any:
    """Below zero where one word comes before the other, zero where they are the same; UTF-8 sorts as text does."""
    for place in range(min(length, long)):
        if one[at + place] != other[there + place]:
            return np.int64(one[at + place]) - np.int64(other[there + place])
    return length - long


@_compiled
def _find(read: Bytes, at: int, length: int, index: Ints, words: Ints, spelled: Bytes) -> Any:
    """The place of a word in the lexicon, -1 where it is not there."""
    place = hashed(read, at, length) & (len(index) - 1)
    while index[place] >= 0:
        word = index[place]
        if words[word, SPELLED] == length and not _order(read, at, length, spelled, words[word, SPELLED_AT], length):
            return word
        place = (place + 1) & (len(index) - 1)
    return -1


@_compiled
def _string(read: Bytes, at: int) -> Any:
    """Where the string that begins here has its content, ODD where there is none, and how long it is."""
    kind, length, at = _token(read, at)
    return (at, length) if kind == STRING and length <= len(read) - PADDING - at else (ODD, np.int64(0))


@_compiled
def _name(read: Bytes, at: int, role: int, index: Ints, words: Ints, spelled: Bytes) -> Any:
    """Where the name that begins here ends, and the slot that it names in a role, -1 for none."""
    at, length = _string(read, at)
    if at == ODD:
        return ODD, np.int64(-1)
    word = _find(read, at, length, index, words, spelled)
    return at + length, np.int64(-1) if word < 0 else words[word, role]


@_compiled
def _hold(
    read: Bytes, at: int, kind: int, size: int, index: Ints, words: Ints, spelled: Bytes, held: Ints, used: int
) -> Any:
    """Where the items of a list of words, or of a map of words to numbers, end, and how much is held then."""
    numbers = held.view(np.float64)
    for _ in range(size):
        begin, length = _string(read, at)
        if begin == ODD:
            return ODD, used
        at = begin + length
        held[used, BEGIN], held[used, LONG], numbers[used, BITS] = begin, length, 1.0
        held[used, OF_LEXICON] = _find(read, begin, length, index, words, spelled)
        if kind == MAP:
            what, number, at = _token(read, at)
            if what == FLOAT:
                held[used, BITS] = number
            elif what == INT:
                numbers[used, BITS] = float(number)
            else:
                return ODD, used
        used += 1
    return at, used


@_compiled
def _take_attributes(
    read: Bytes, at: int, role: int, index: Ints, words: Ints, spelled: Bytes, slots: Ints, held: Ints, used: int
) -> Any:
    """Where a map of attributes ends, and how much is held then."""
    kind, count, at = _token(read, at)
    if kind != MAP:
        return ODD, used
    for _ in range(count):
        at, slot = _name(read, at, role, index, words, spelled)
        if at == ODD:
            return ODD, used
        kind, length, at = _token(read, at)
        value = used if kind >= LIST else at if kind == STRING else length
        if kind >= LIST:
            at, used = _hold(read, at, kind, length, index, words, spelled, held, used)
        elif kind == STRING:
            at += length
        if min(kind, at) == ODD or at > len(read) - PADDING:
            return ODD, used
        if slot >= 0:
            # As the last one says, though it may be of another type than is declared.
            slots[slot, KIND] = kind if kind == slots[slot, DECLARED] else ABSENT
            slots[slot, VALUE], slots[slot, LENGTH] = value, length
            if kind == STRING:
                slots[slot, PLACE] = _find(read, value, length, index, words, spelled)
    return at, used


@_compiled
def _take_affinities(
    read: Bytes, at: int, now: int, decay: Floats, index: Ints, words: Ints, spelled: Bytes, slots: Ints, held: Ints,
    used: int,
) -> Any:  # fmt: skip
    """Where the affinities end, and how much is held then: weights as they are now, but for what is forgotten."""
    weights, negligible, two = held.view(np.float64), decay[0], decay[1]
    kind, count, at = _token(read, at)
    if kind != MAP:
        return ODD, used
    for _ in range(count):
        at, slot = _name(read, at, OF_AFFINITY, index, words, spelled)
        kind, size, at = _token(read, at)
        if kind != MAP:
            return ODD, used
        first, before, long = used, np.int64(0), np.int64(0)
        for entry in range(size):
            begin, length = _string(read, at)
            pair, parts, at = _token(read, begin + length)
            of_weight, weight, at = _token(read, at)
            of_moment, moment, at = _token(read, at)
            # Their order, in which they are added up, is the alphabet's.
            if begin == ODD or (entry > 0 and _order(read, before, long, read, begin, length) >= 0):
                return ODD, used
            if pair != LIST or parts != 2 or of_weight != FLOAT or of_moment != INT or not -_FAR < moment < _FAR:
                return ODD, used
            ahead, before, long = moment - now, begin, length
            if slot < 0:
                continue
            held[used, BITS] = weight
            if ahead < 0:
                # The two comes with the arguments: the compiler's own power of a known two has other bits than libm's.
                weights[used, BITS] *= two ** (float(ahead) / decay[2 + slot])
            if weights[used, BITS] >= negligible or weights[used, BITS] <= -negligible:
                held[used, BEGIN], held[used, LONG] = begin, length
                held[used, OF_LEXICON] = _find(read, begin, length, index, words, spelled)
                used += 1
        if slot >= 0:
            slots[slot, VALUE], slots[slot, LENGTH] = first, used - first
    return at, used


@_compiled
def _take_activities(read: Bytes, at: int, now: int, index: Ints, words: Ints, spelled: Bytes, slots: Ints) -> int:
    """Where the activities end; the figures of each have three slots in a row."""
    kind, count, at = _token(read, at)
    if kind != MAP:
        return ODD
    for _ in range(count):
        at, slot = _name(read, at, OF_ACTIVITY, index, words, spelled)
        kind, size, at = _token(read, at)
        of_times, times, at = _token(read, at)
        of_value, value, at = _token(read, at)
        of_last, last, at = _token(read, at)
        if (kind, size, of_times, of_value, of_last) != (LIST, 3, INT, FLOAT, INT) or not -_FAR < last < _FAR:
            return ODD
        if slot >= 0:
            slots[slot, VALUE], slots[slot + 1, VALUE], slots[slot + 2, KIND] = times, value, FLOAT
            slots.view(np.float64)[slot + 2, VALUE] = float(max(now - last, 0)) / _DAY
    return at


@_compiled
def _are_consents(read: Bytes, at: int) -> bool:
    """Whether consents are here, and nothing after them."""
    kind, count, at = _token(read, at)
    for _ in range(count if kind == MAP else 0):
        begin, length = _string(read, at)
        given, _yes, at = _token(read, begin + length)
        if begin == ODD or given != BOOL:
            return False
    return kind == MAP and at == len(read) - PADDING


@_compiled
def _prefer(read: Bytes, trait: Ints, blend: float, slots: Ints, held: Ints) -> None:
    """Fill the slot of a trait, as `decision.subject.trait.preferred` has it."""
    slot, affinity, declared, searching = trait[0], trait[1], trait[2], trait[3]
    said = declared >= 0 and slots[declared, KIND] == STRING and slots[declared, LENGTH] > 0
    weights, first = held.view(np.float64), slots[affinity, VALUE]
    last, at = first + slots[affinity, LENGTH], slots[searching, VALUE]
    searched = searching >= 0 and slots[searching, KIND] == STRING and slots[searching, LENGTH] > 0 and blend > 0.0
    # Nothing searched counts as a search for the empty word, there as here.
    long = slots[searching, LENGTH] if searched else 0
    kept, total = 1.0 - blend if searched else 1.0, 0.0
    for place in range(first, last):
        total += weights[place, BITS] if weights[place, BITS] > 0.0 else 0.0
    best, largest = -1, 0.0
    for place in range(first, last):
        if weights[place, BITS] > 0.0:
            share = weights[place, BITS] / total * kept
            if not _order(read, held[place, BEGIN], held[place, LONG], read, at, long):
                share, searched = share + blend, False
            if share > largest or best < 0:
                best, largest = place, share
    if searched and best >= 0 and not blend > largest:
        searched = blend == largest and _order(read, at, long, read, held[best, BEGIN], held[best, LONG]) < 0
    for part in range(DECLARED if said or searched else 0):
        slots[slot, part] = slots[declared if said else searching, part]
    if best >= 0 and not said and not searched:
        slots[slot, KIND], slots[slot, PLACE] = STRING, held[best, OF_LEXICON]
        slots[slot, VALUE], slots[slot, LENGTH] = held[best, BEGIN], held[best, LONG]


@_compiled
def find_all(
    read: Bytes, profile_at: int, now: int, index: Ints, words: Ints, spelled: Bytes, traits: Ints, reals: Floats,
    template: Ints, room: Floats, start: int,
) -> Any:  # fmt: skip
    """Fill slots, which begin as the template is, and what they hold; how much that is, or ODD where nothing is read.

    They have the room from `start` on. `reals` are the least weight that counts, a two, half-lives by slot, and blends.
    """
    ints, size = room.view(np.int64)[start:], template.size
    slots, held = ints[:size].reshape(template.shape), ints[size:].reshape(-1, 4)
    slots[:], slots[0, VALUE] = template, now
    # Not a plain 0, for which all would be compiled a second time.
    at = used = np.int64(0)
    at, used = _take_attributes(read, at, OF_CONTEXT, index, words, spelled, slots, held, used)
    kind, parts, begin = _token(read, profile_at)
    if at != profile_at or kind != LIST or parts != 4 or not -_FAR < now < _FAR:
        return ODD
    at, used = _take_attributes(read, begin, OF_CUSTOMER, index, words, spelled, slots, held, used)
    if at != ODD:
        at, used = _take_affinities(read, at, now, reals, index, words, spelled, slots, held, used)
    if at != ODD:
        at = _take_activities(read, at, now, index, words, spelled, slots)
    if at == ODD or not _are_consents(read, at):
        return ODD
    for trait in range(len(traits)):
        _prefer(read, traits[trait], reals[2 + len(slots) + trait], slots, held)
    return used
