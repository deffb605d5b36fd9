"""The compiled kernel: runs a tape, which is a list of instructions over registers of many rows.

A register has a number and a state per row. The number is a double, an int, an instant or duration (ms), or the code of
a word. The state of a bool is FALSE, WRONG or TRUE; that of anything else is FALSE (there is a value) or WRONG. CEL's
logic, in which a deciding operand absorbs the errors of the others, is Kleene's with the error in the middle: `&&` is
the smaller state, `||` the larger.

An instruction is (op, out, a, b, c, d). Operands from 0 on are registers; -1, -2 … are the rows of the given arrays.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
States = NDArray[np.uint8]
Code = NDArray[np.int64]
Compiled = TypeVar("Compiled", bound=Callable[..., object])

FALSE, WRONG, TRUE = 0, 1, 2


class Rows(NamedTuple):
    """Numbers (float64; ints lie there bit by bit) and states, each (registers × rows)."""

    numbers: Floats
    states: States


BLOCK = 1024
"""Rows per pass over the tape, so that registers stay in the first caches."""

(
    AND, OR, SAME, OTHER, STRICT_OR, NOT, CHOOSE_BOOL,
    EQUAL_INTS, UNEQUAL_INTS, LESS_INTS, AT_MOST_INTS, EQUAL_FLOATS, UNEQUAL_FLOATS, LESS_FLOATS, AT_MOST_FLOATS,
    ADD_INTS, SUBTRACT_INTS, MULTIPLY_INTS, DIVIDE_INTS, REMAINDER_INTS,
    ADD_FLOATS, SUBTRACT_FLOATS, MULTIPLY_FLOATS, DIVIDE_FLOATS,
    NEGATE_FLOAT, FLOAT_OF_INT, INT_OF_FLOAT, NEGATE_INT, INSIDE, WHOLE, QUOTIENT, REST,
    YEAR, MONTH, DAY_OF_MONTH, DAY_OF_YEAR, DAY_OF_WEEK,
    CHOOSE, HELD, VALUE, INT_VALUE, VALUE_OR, INT_VALUE_OR, SPREAD, SPREAD_BOOL, LOAD,
    STORE, STORE_BOOL, NUMBER_OF_FLOAT, NUMBER_OF_INT, NUMBER_OF_BOOL, NUMBER_OF_WORD,
) = range(52)  # fmt: skip

_SURELY_FITS = 2.0**62
_EDGE = 2.0**63
_LEAST = -(2**63)
_DAY = 86_400_000


def _compiled(function: Compiled) -> Compiled:
    # Division as numpy does it: no check for zero that would keep loops from being vectorised.
    compiled: Compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


@_compiled
def _row(given: Any, own: Any, index: int, start: int, count: int) -> Any:
    return own[index, :count] if index >= 0 else given[~index, start : start + count]


@_compiled
def _logic(op: int, x: States, y: States, out: States) -> None:
    if op == AND:
        for at in range(len(out)):
            out[at] = x[at] if x[at] < y[at] else y[at]
    elif op == OR:
        for at in range(len(out)):
            out[at] = y[at] if x[at] < y[at] else x[at]
    elif op == STRICT_OR:
        for at in range(len(out)):
            out[at] = WRONG if x[at] == WRONG or y[at] == WRONG else x[at] | y[at]
    else:
        equal, unequal = (TRUE, FALSE) if op == SAME else (FALSE, TRUE)
        for at in range(len(out)):
            out[at] = WRONG if x[at] == WRONG or y[at] == WRONG else equal if x[at] == y[at] else unequal


@_compiled
def _compare(kind: int, x: Any, y: Any, x_wrong: States, y_wrong: States, out: States) -> None:
    if kind == 0:
        for at in range(len(out)):
            out[at] = WRONG if x_wrong[at] | y_wrong[at] else TRUE if x[at] == y[at] else FALSE
    elif kind == 1:
        for at in range(len(out)):
            out[at] = WRONG if x_wrong[at] | y_wrong[at] else TRUE if x[at] != y[at] else FALSE
    elif kind == 2:
        for at in range(len(out)):
            out[at] = WRONG if x_wrong[at] | y_wrong[at] else TRUE if x[at] < y[at] else FALSE
    else:
        for at in range(len(out)):
            out[at] = WRONG if x_wrong[at] | y_wrong[at] else TRUE if x[at] <= y[at] else FALSE


@_compiled
def _divide(x: int, y: int) -> tuple[int, int]:
    """Quotient and remainder, truncated towards zero; the divisor is neither 0 nor -1."""
    quotient = x // y
    remainder = x - quotient * y
    if remainder != 0 and (x < 0) != (y < 0):
        return quotient + 1, remainder - y
    return quotient, remainder


@_compiled
def _count(op: int, x: int, y: int) -> tuple[int, int]:
    """Arithmetic of two ints: the result, and whether it is wrong."""
    # Without signs, because a compiler may assume that signed ints never overflow, and then finds no overflow.
    u, v = np.uint64(x), np.uint64(y)
    if op == ADD_INTS:
        result = np.int64(u + v)
        return result, int((x >= 0) == (y >= 0) and (result >= 0) != (x >= 0))
    if op == SUBTRACT_INTS:
        result = np.int64(u - v)
        return result, int((x >= 0) != (y >= 0) and (result >= 0) != (x >= 0))
    if op == MULTIPLY_INTS:
        result = np.int64(u * v)
        if abs(float(x) * float(y)) < _SURELY_FITS or y == 0:
            return result, FALSE
        if y == -1:
            return result, int(x == _LEAST)
        quotient, remainder = _divide(result, y)
        return result, int(quotient != x or remainder != 0)
    if y == 0 or (y == -1 and x == _LEAST):
        return 0, WRONG
    if y == -1:
        return (-x if op == DIVIDE_INTS else 0), FALSE
    quotient, remainder = _divide(x, y)
    return (quotient if op == DIVIDE_INTS else remainder), FALSE


@_compiled
def _float_arithmetic(op: int, x: Floats, y: Floats, out: Floats) -> None:
    if op == ADD_FLOATS:
        for at in range(len(out)):
            out[at] = x[at] + y[at]
    elif op == SUBTRACT_FLOATS:
        for at in range(len(out)):
            out[at] = x[at] - y[at]
    elif op == MULTIPLY_FLOATS:
        for at in range(len(out)):
            out[at] = x[at] * y[at]
    else:
        for at in range(len(out)):
            out[at] = x[at] / y[at]


@_compiled
def _date(op: int, days: int) -> int:
    """A part of the date so many days after 1970-01-01, counted as CEL does.

    Years run from March, so that the leap day comes last (Howard Hinnant, "chrono-Compatible Low-Level Date
    Algorithms", civil_from_days).
    """
    if op == DAY_OF_WEEK:
        return (days + 4) % 7
    shifted = days + 719_468
    era = shifted // 146_097
    in_era = shifted - era * 146_097
    year_of_era = (in_era - in_era // 1_460 + in_era // 36_524 - in_era // 146_096) // 365
    in_year = in_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * in_year + 2) // 153
    month = (shifted_month + 2) % 12
    year = year_of_era + era * 400 + (1 if month < 2 else 0)
    if op == YEAR:
        return year
    if op == MONTH:
        return month
    if op == DAY_OF_MONTH:
        return in_year - (153 * shifted_month + 2) // 5
    if month < 2:
        return in_year - 306
    return in_year + 59 + (1 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 0)


@_compiled
def _of_one_int(op: int, x: Ints, b: int, c: int, d: int, out: Ints, states: States) -> None:
    """Ints of an int and up to three numbers that stand in the instruction."""
    for at in range(len(out)):
        if op == INSIDE:
            out[at] = x[at]
            if not b <= x[at] <= c:
                states[at] = WRONG
        elif op == NEGATE_INT:
            out[at] = -x[at]
            states[at] |= x[at] == _LEAST
        elif op == WHOLE:
            out[at] = x[at] // b
        elif op == QUOTIENT:
            out[at] = _divide(x[at], b)[0]
        elif op == REST:
            out[at] = (x[at] + b) // c % d
        else:
            out[at] = _date(op, (x[at] + b) // _DAY) + c


@_compiled
def _arithmetic(op: int, x: Ints, y: Ints, out: Ints, states: States) -> None:
    for at in range(len(out)):
        out[at], wrong = _count(op, x[at], y[at])
        states[at] |= wrong


@_compiled
def _look_up(op: int, keys: Ints, held: States, values: Floats, out: Floats, states: States) -> None:
    """What a request's list or map holds at the codes of words; `out` has what stands for a missing value."""
    ints = out.view(np.int64)
    for at in range(len(states)):
        found = held[keys[at]]
        if op == HELD:
            states[at] = WRONG if states[at] else found
        elif found != TRUE:
            states[at] |= found == WRONG or op in (VALUE, INT_VALUE)
        elif op in (INT_VALUE, INT_VALUE_OR):
            # Counts come as doubles, in which ints of this size are exact.
            ints[at] = np.int64(values[keys[at]])
        else:
            out[at] = values[keys[at]]


@_compiled
def _choose(
    test: States, x: Floats, y: Floats, x_states: States, y_states: States, out: Floats, states: States
) -> None:
    for at in range(len(out)):
        out[at] = x[at] if test[at] == TRUE else y[at]
        states[at] = WRONG if test[at] == WRONG else x_states[at] if test[at] == TRUE else y_states[at]


@_compiled
def _choose_bool(test: States, x: States, y: States, out: States) -> None:
    for at in range(len(out)):
        out[at] = WRONG if test[at] == WRONG else x[at] if test[at] == TRUE else y[at]


@_compiled
def _whole_number(x: Floats, out: Ints, states: States) -> None:
    """Doubles cut off towards zero; wrong where they are not numbers or leave 64 bits."""
    for at in range(len(out)):
        fits = -_EDGE < x[at] < _EDGE
        out[at] = np.int64(x[at]) if fits else 0
        states[at] |= not fits


@_compiled
def _store_number(op: int, x: Floats, states: States, word_numbers: Floats, out: Floats) -> None:
    """A number per row, not a number where it is wrong."""
    ints = x.view(np.int64)
    if op == NUMBER_OF_FLOAT:
        for at in range(len(out)):
            out[at] = np.nan if states[at] == WRONG else x[at]
    elif op == NUMBER_OF_INT:
        for at in range(len(out)):
            out[at] = np.nan if states[at] == WRONG else float(ints[at])
    elif op == NUMBER_OF_BOOL:
        for at in range(len(out)):
            out[at] = np.nan if states[at] == WRONG else 1.0 if states[at] == TRUE else 0.0
    else:
        for at in range(len(out)):
            out[at] = np.nan if states[at] == WRONG else word_numbers[ints[at]]


@_compiled
def _execute(
    code: Code,
    given: Rows,
    loaded: Rows,
    narrow: Rows,
    own: Rows,
    tables: Rows,
    word_numbers: Floats,
    stored: Rows,
    start: int,
    count: int,
) -> None:
    """Run a tape over `count` rows from `start` on."""
    # Taken apart once: every reach into a tuple inside the loop costs reference counting.
    given_numbers, given_states = given
    numbers, states = own
    given_ints, ints = given_numbers.view(np.int64), numbers.view(np.int64)
    for at in range(len(code)):
        op, to, a, b, c, d = code[at, 0], code[at, 1], code[at, 2], code[at, 3], code[at, 4], code[at, 5]
        if op >= STORE:
            x, wrong = _row(given_numbers, numbers, a, start, count), _row(given_states, states, a, start, count)
            if op <= STORE_BOOL:
                stored.states[to, start : start + count] = wrong
                if op == STORE:
                    stored.numbers[to, start : start + count] = x
            else:
                _store_number(op, x, wrong, word_numbers, stored.numbers[to, start : start + count])
            continue
        out, state = numbers[to, :count], states[to, :count]
        if op >= SPREAD:
            if op == LOAD:
                out[:] = loaded.numbers[a, start : start + count]
                state[:] = loaded.states[a, start : start + count]
            else:
                state[:] = narrow.states[a, 0]
                if op == SPREAD:
                    out[:] = narrow.numbers[a, 0]
            continue
        first = _row(given_states, states, a, start, count)
        if op == NOT:
            for row in range(count):
                state[row] = TRUE - first[row]
        elif op <= STRICT_OR:
            _logic(op, first, _row(given_states, states, b, start, count), state)
        elif op == CHOOSE_BOOL:
            then, other = _row(given_states, states, b, start, count), _row(given_states, states, c, start, count)
            _choose_bool(first, then, other, state)
        elif op == CHOOSE:
            _choose(
                first,
                _row(given_numbers, numbers, b, start, count),
                _row(given_numbers, numbers, c, start, count),
                _row(given_states, states, b, start, count),
                _row(given_states, states, c, start, count),
                out,
                state,
            )
        elif op <= AT_MOST_INTS:
            x, y = _row(given_ints, ints, a, start, count), _row(given_ints, ints, b, start, count)
            _compare(op - EQUAL_INTS, x, y, first, _row(given_states, states, b, start, count), state)
        elif op <= AT_MOST_FLOATS:
            u, v = _row(given_numbers, numbers, a, start, count), _row(given_numbers, numbers, b, start, count)
            _compare(op - EQUAL_FLOATS, u, v, first, _row(given_states, states, b, start, count), state)
        elif op <= DIVIDE_FLOATS:
            second = _row(given_states, states, b, start, count)
            for row in range(count):
                state[row] = first[row] | second[row]
            if op <= REMAINDER_INTS:
                x, y = _row(given_ints, ints, a, start, count), _row(given_ints, ints, b, start, count)
                _arithmetic(op, x, y, ints[to, :count], state)
            else:
                u, v = _row(given_numbers, numbers, a, start, count), _row(given_numbers, numbers, b, start, count)
                _float_arithmetic(op, u, v, out)
        else:
            state[:] = first
            x = _row(given_ints, ints, a, start, count)
            if op >= HELD:
                out[:] = narrow.numbers[c, 0]
                _look_up(op, x, tables.states[b], tables.numbers[b], out, state)
            elif op == NEGATE_FLOAT:
                u = _row(given_numbers, numbers, a, start, count)
                for row in range(count):
                    out[row] = -u[row]
            elif op == FLOAT_OF_INT:
                for row in range(count):
                    out[row] = float(x[row])
            elif op == INT_OF_FLOAT:
                _whole_number(_row(given_numbers, numbers, a, start, count), ints[to, :count], state)
            else:
                _of_one_int(op, x, b, c, d, ints[to, :count], state)


@_compiled
def run(
    narrow_code: Code,
    wide_code: Code,
    given: Floats,
    given_states: States,
    loaded: Floats,
    loaded_states: States,
    narrow: Floats,
    narrow_states: States,
    absent: States,
    places: Ints,
    contents: Floats,
    words: int,
    word_numbers: Floats,
    narrow_stored: Floats,
    narrow_stored_states: States,
    stored: Floats,
    stored_states: States,
    registers: int,
) -> None:
    """Run the part that is the same for all rows, then the rest block by block.

    `narrow` are the inputs and registers of the first part; `absent` has the state of each table where it holds
    nothing; `places` are the cells of tables (table × words + code) that hold `contents`. Arrays come one by one
    because each tuple of them costs half a microsecond to take apart.
    """
    tables = Rows(np.empty((len(absent), words)), np.empty((len(absent), words), np.uint8))
    for table in range(len(absent)):
        tables.states[table, :] = absent[table]
    for at in range(len(places)):
        table, word = places[at] // words, places[at] % words
        tables.numbers[table, word] = contents[at]
        tables.states[table, word] = TRUE
    one = Rows(narrow.reshape(-1, 1), narrow_states.reshape(-1, 1))
    ones = Rows(narrow_stored.reshape(-1, 1), narrow_stored_states.reshape(-1, 1))
    _execute(narrow_code, one, one, one, one, tables, word_numbers, ones, 0, 1)
    rows = stored_states.shape[1]
    if len(wide_code) == 0 or rows == 0:
        return
    own = Rows(np.empty((registers, min(rows, BLOCK))), np.empty((registers, min(rows, BLOCK)), np.uint8))
    before, during, after = Rows(given, given_states), Rows(loaded, loaded_states), Rows(stored, stored_states)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        _execute(wide_code, before, during, one, own, tables, word_numbers, after, start, count)
