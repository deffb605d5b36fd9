"""The compiled kernel: runs a tape, which is a list of instructions over registers of many rows.

A register has a number and a state per row. The number is a double, an int, an instant or duration (ms), or the code of
a word. The state of a bool is FALSE, WRONG or TRUE; that of anything else is FALSE (there is a value) or WRONG. CEL's
logic, in which a deciding operand absorbs the errors of the others, is Kleene's with the error in the middle: `&&` is
the smaller state, `||` the larger. An instruction is (op, to, a, b, c, d): the register that it fills, those that it
reads, and numbers of its own. Registers are reached by two indices, for each slice costs as much as a thousand states.
All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
States = NDArray[np.uint8]

FALSE, WRONG, TRUE = 0, 1, 2

BLOCK = 1024
"""Rows per pass over the tape, so that registers stay in the nearest caches."""

(
    NOT, AND, OR, STRICT_OR, SAME, CHOOSE_BOOL, CHOOSE,
    EQUAL_INTS, LESS_INTS, AT_MOST_INTS, EQUAL_FLOATS, LESS_FLOATS, AT_MOST_FLOATS,
    ADD_FLOATS, SUBTRACT_FLOATS, MULTIPLY_FLOATS, DIVIDE_FLOATS, NEGATE_FLOAT, FLOAT_OF_INT, INT_OF_FLOAT,
    ADD_INTS, SUBTRACT_INTS, MULTIPLY_INTS, DIVIDE_INTS, REMAINDER_INTS,
    INSIDE, WHOLE, REST, YEAR, MONTH, DAY_OF_MONTH, DAY_OF_YEAR, DAY_OF_WEEK,
    HELD, VALUE, VALUE_OR, SPREAD_BOOL, SPREAD, LOAD,
    STORE_BOOL, STORE, NUMBER_OF_FLOAT, NUMBER_OF_INT, NUMBER_OF_BOOL, NUMBER_OF_WORD, PRESENT, CONSTANT,
) = range(47)  # fmt: skip

_LEAST, _EDGE, _SURELY_FITS, _DAY = -(2**63), 2.0**63, 2.0**62, 86_400_000


def _compiled(function: Any) -> Any:
    # Division as numpy does it: no check for zero that would keep loops from being vectorised.
    return njit(cache=True, nogil=True, error_model="numpy")(function)


@_compiled
def _copy(source: Any, target: Any) -> None:
    # A loop of our own is vectorised where an assignment of slices is not.
    for row in range(len(target)):
        target[row] = source[row]


@_compiled
def _logic(op: int, states: States, to: int, a: int, b: int, c: int, rows: int) -> None:
    """Bools of bools."""
    if op == NOT:
        for row in range(rows):
            states[to, row] = TRUE - states[a, row]
    elif op <= OR:
        for row in range(rows):
            x, y = states[a, row], states[b, row]
            states[to, row] = min(x, y) if op == AND else max(x, y)
    elif op >= CHOOSE_BOOL:
        for row in range(rows):
            test, x, y = states[a, row], states[b, row], states[c, row]
            states[to, row] = test if test == WRONG else x if test == TRUE else y
    else:
        for row in range(rows):
            x, y = states[a, row], states[b, row]
            holds = x == y if op == SAME else (x | y) == TRUE
            states[to, row] = WRONG if (x | y) & WRONG else TRUE if holds else FALSE


@_compiled
def _compare(order: int, x: Any, states: States, to: int, a: int, b: int, rows: int) -> None:
    """Bools of two ints or two doubles."""
    for row in range(rows):
        u, v = x[a, row], x[b, row]
        holds = u == v if order == 0 else u < v if order == 1 else u <= v
        states[to, row] = WRONG if states[a, row] | states[b, row] else TRUE if holds else FALSE


@_compiled
def _float_arithmetic(op: int, x: Floats, states: States, to: int, a: int, b: int, rows: int) -> None:
    """Doubles of two doubles."""
    for row in range(rows):
        states[to, row] = states[a, row] | states[b, row]
    for row in range(rows if op == DIVIDE_FLOATS else 0):
        x[to, row] = x[a, row] / x[b, row]
    for row in range(0 if op == DIVIDE_FLOATS else rows):
        u, v = x[a, row], x[b, row]
        x[to, row] = u + v if op == ADD_FLOATS else u - v if op == SUBTRACT_FLOATS else u * v


@_compiled
def _divide(x: int, y: int) -> Any:
    """Quotient and remainder, truncated towards zero; the divisor is neither 0 nor -1."""
    quotient = x // y
    remainder = x - quotient * y
    if remainder != 0 and (x < 0) != (y < 0):
        return quotient + 1, remainder - y
    return quotient, remainder


@_compiled
def _int_arithmetic(op: int, x: int, y: int) -> Any:
    """The result for two ints, and whether it is wrong."""
    # Without signs, because a compiler may assume that signed ints never overflow, and then finds no overflow.
    u, v = np.uint64(x), np.uint64(y)
    result: Any = np.int64(0)
    wrong = False
    if op == ADD_INTS:
        result = np.int64(u + v)
        wrong = (x < 0) == (y < 0) and (result < 0) != (x < 0)
    elif op == SUBTRACT_INTS:
        result = np.int64(u - v)
        wrong = (x < 0) != (y < 0) and (result < 0) != (x < 0)
    elif op == MULTIPLY_INTS:
        result = np.int64(u * v)
        if y == -1:
            wrong = x == _LEAST
        elif abs(float(x) * float(y)) >= _SURELY_FITS:
            quotient, remainder = _divide(int(result), y)
            wrong = quotient != x or remainder != 0
    elif y == 0 or (y == -1 and x == _LEAST):
        wrong = True
    else:
        quotient, remainder = (-x, 0) if y == -1 else _divide(x, y)
        result = quotient if op == DIVIDE_INTS else remainder
    return result, wrong


@_compiled
def _date(op: int, days: int) -> int:
    """A part of the date so many days after 1970-01-01, counted from 0 (weeks from Sunday)."""
    if op == DAY_OF_WEEK:
        return (days + 4) % 7
    # Years run from March, so that the leap day comes last (Howard Hinnant, "chrono-Compatible Low-Level Date
    # Algorithms", civil_from_days).
    era, in_era = divmod(days + 719_468, 146_097)
    year_of_era = (in_era - in_era // 1_460 + in_era // 36_524 - in_era // 146_096) // 365
    in_year = in_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * in_year + 2) // 153
    month = (shifted_month + 2) % 12
    year = year_of_era + era * 400 + (1 if month < 2 else 0)
    leap = 1 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 0
    first_of_year = 306 if month < 2 else -59 - leap
    day = in_year - (153 * shifted_month + 2) // 5
    return year if op == YEAR else month if op == MONTH else day if op == DAY_OF_MONTH else in_year - first_of_year


@_compiled
def _of_one_int(op: int, x: int, b: int, c: int, d: int) -> Any:
    """The result for an int and up to three numbers of the instruction, and whether it is wrong."""
    if op == INSIDE:
        return x, not b <= x <= c
    if op == WHOLE:
        return x // b, False
    if op == REST:
        return (x + b) // c % d, False
    return _date(op, (x + b) // _DAY) + c, False


@_compiled
def _look_up(
    op: int, numbers: Floats, states: States, table: Floats, held: States, to: int, key: int, other: float, rows: int
) -> None:
    """What a request's list or map holds at the codes of words, `other` where a value is missing."""
    codes = numbers.view(np.uint64)
    if op == HELD:
        for row in range(rows):
            states[to, row] = states[key, row] if states[key, row] == WRONG else held[codes[key, row]]
        return
    # Decided once per word, so that a row costs a load or two.
    missing = FALSE if op == VALUE_OR else WRONG
    of_word, wrong, any_wrong = np.empty(len(held)), np.empty(len(held), np.uint8), FALSE
    for word in range(len(held)):
        of_word[word] = table[word] if held[word] == TRUE else other
        wrong[word] = missing if held[word] == FALSE else held[word] & WRONG
        any_wrong |= wrong[word]
    for row in range(rows):
        numbers[to, row] = of_word[codes[key, row]]
    _copy(states[key, :rows], states[to, :rows])
    if any_wrong:
        for row in range(rows):
            states[to, row] |= wrong[codes[key, row]]


@_compiled
def _number(op: int, numbers: Floats, ints: Ints, states: States, of_words: Floats, a: int, out: Floats) -> None:
    """A register's values as doubles, NaN where they are wrong."""
    for row in range(len(out)):
        wrong = states[a, row] == WRONG
        if op == NUMBER_OF_FLOAT:
            out[row] = np.nan if wrong else numbers[a, row]
        elif op == NUMBER_OF_INT:
            out[row] = np.nan if wrong else float(ints[a, row])
        elif op == NUMBER_OF_BOOL:
            out[row] = np.nan if wrong else 1.0 if states[a, row] else 0.0
        else:
            out[row] = np.nan if wrong else of_words[ints[a, row]]


@_compiled
def _execute(  # noqa: PLR0912 - one branch per kind of instruction
    code: NDArray[np.int64], given: Any, narrow: Any, tables: Any, word_numbers: Floats, own: Any, stored: Any,
    start: int, rows: int,
) -> None:  # fmt: skip
    """Run a tape over `rows` rows from `start` on; every pair of arrays is (numbers, states)."""
    (numbers, states), (out_numbers, out_states) = own, stored
    ints = numbers.view(np.int64)
    for at in range(len(code)):
        op, to, a, b, c, d = code[at, 0], code[at, 1], code[at, 2], code[at, 3], code[at, 4], code[at, 5]
        if op <= CHOOSE:
            _logic(op, states, to, a, b, c, rows)
            for row in range(rows if op == CHOOSE else 0):
                numbers[to, row] = numbers[b, row] if states[a, row] == TRUE else numbers[c, row]
        elif op <= AT_MOST_INTS:
            _compare(op - EQUAL_INTS, ints, states, to, a, b, rows)
        elif op <= AT_MOST_FLOATS:
            _compare(op - EQUAL_FLOATS, numbers, states, to, a, b, rows)
        elif op <= DIVIDE_FLOATS:
            _float_arithmetic(op, numbers, states, to, a, b, rows)
        elif op <= FLOAT_OF_INT:
            for row in range(rows):
                numbers[to, row] = float(ints[a, row]) if op == FLOAT_OF_INT else -numbers[a, row]
                states[to, row] = states[a, row]
        elif op == INT_OF_FLOAT:
            for row in range(rows):
                fits = -_EDGE < numbers[a, row] < _EDGE
                ints[to, row] = np.int64(numbers[a, row]) if fits else 0
                states[to, row] = states[a, row] if fits else WRONG
        elif op <= REMAINDER_INTS:
            for row in range(rows):
                ints[to, row], wrong = _int_arithmetic(op, ints[a, row], ints[b, row])
                states[to, row] = states[a, row] | states[b, row] | wrong
        elif op <= DAY_OF_WEEK:
            for row in range(rows):
                ints[to, row], wrong = _of_one_int(op, ints[a, row], b, c, d)
                states[to, row] = states[a, row] | wrong
        elif op <= VALUE_OR:
            other = narrow[0][c, 0] if op == VALUE_OR else 0.0
            _look_up(op, numbers, states, tables[0][b], tables[1][b], to, a, other, rows)
        elif op <= SPREAD:
            states[to, :rows] = narrow[1][a, 0]
            if op == SPREAD:
                numbers[to, :rows] = narrow[0][a, 0]
        elif op == LOAD:
            _copy(given[1][a, start : start + rows], states[to, :rows])
            _copy(given[0][a, start : start + rows], numbers[to, :rows])
        elif op <= STORE:
            _copy(states[a, :rows], out_states[to, start : start + rows])
            if op == STORE:
                _copy(numbers[a, :rows], out_numbers[to, start : start + rows])
        else:
            _number(op, numbers, ints, states, word_numbers, a, out_numbers[to, start : start + rows])


@_compiled
def _lay_out(taken: Floats, absent: States, words: int) -> Any:
    """The tables of a request, tables × words: what each holds, and whether it holds a word, or nothing at all."""
    numbers, states = np.zeros((len(absent), words)), np.empty((len(absent), words), np.uint8)
    at = len(absent)
    for table in range(len(absent)):
        states[table] = absent[table]
        size = int(taken[table])
        for place in range(at, at + size):
            word = np.int64(taken[place])
            if word < words:
                numbers[table, word], states[table, word] = taken[place + size], TRUE
        at += 2 * size
    return numbers, states


@_compiled
def run(
    code: NDArray[np.int64], taken: Floats, words: int, given: Floats, given_states: States, word_numbers: Floats,
    narrow_stored: Floats, narrow_stored_states: States, stored: Floats, stored_states: States,
) -> None:  # fmt: skip
    """Run the part that is the same for all rows, then the rest block by block.

    `code` begins with how many leaves, narrow instructions with these, inputs, tables, and registers of either part
    there are. `taken` is `Intake.take`'s. Arrays come one by one: a tuple of them costs half a microsecond more.
    """
    leaves, narrow, inputs, held, registers, wide_registers = code[0]
    code, absent = code[1:], taken.view(np.uint8)[: inputs + held]
    taken = taken[(inputs + held + 7) // 8 :]
    tables = _lay_out(taken[inputs:], absent[inputs:], words)
    numbers, states = np.empty((registers, 1)), np.empty((registers, 1), np.uint8)
    for op, to, a, b in code[:leaves, :4]:
        if op == CONSTANT:
            numbers.view(np.int64)[to, 0], states[to, 0] = a, b
        else:
            there = FALSE if absent[a] == WRONG else TRUE
            numbers[to, 0], states[to, 0] = taken[a], there if op == PRESENT else absent[a]
    one, ones = (numbers, states), (narrow_stored.reshape(-1, 1), narrow_stored_states.reshape(-1, 1))
    # Not plain 0 and 1, for which everything would be compiled a second time.
    _execute(code[leaves:narrow], one, one, tables, word_numbers, one, ones, np.int64(0), np.int64(1))
    own = np.empty((wide_registers, BLOCK)), np.empty((wide_registers, BLOCK), np.uint8)
    before, after, rows = (given, given_states), (stored, stored_states), stored_states.shape[1]
    for start in range(0, rows, BLOCK):
        _execute(code[narrow:], before, one, tables, word_numbers, own, after, start, min(BLOCK, rows - start))
