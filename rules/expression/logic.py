"""Logic as CEL has it: `&&` and `||` are commutative and a deciding operand absorbs the errors of the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.expression.cell import FAILED, Cell, Coded, Data, Error, either
from rules.expression.frame import Frame, Step
from rules.expression.text import choose_strings


def conjunction(left: Cell, right: Cell) -> Cell:
    """`left && right`: false wins over an error, an error over true."""
    a, a_error = left
    b, b_error = right
    if a_error is False and b_error is False:
        if a is True:
            return right
        if b is True:
            return left
        return (False, False) if a is False or b is False else (a & b, False)
    error = either(a_error, b_error)
    for value, wrong in (left, right):
        may_hold = True if wrong is True else value if wrong is False else value | wrong
        error = may_hold if error is True else error & may_hold if may_hold is not True else error
    return _and(a, b), error


def disjunction(left: Cell, right: Cell) -> Cell:
    """`left || right`: true wins over an error, an error over false."""
    a, a_error = left
    b, b_error = right
    data = a if b is False else b if a is False else True if a is True or b is True else a | b
    error = either(a_error, b_error)
    if error is False or data is False:
        return data, error
    if data is True:
        return data, False
    return data, ~data if error is True else error & ~data


def _and(a: object, b: object) -> object:
    if a is False or b is False:
        return False
    return b if a is True else a if b is True else np.logical_and(a, b)  # type: ignore[call-overload]


def negation(slot: int) -> Step:
    """`!x`; an error stays one."""

    def step(frame: Frame) -> Cell:
        value, error = frame.get(slot)
        if error is True:
            return FAILED
        if not isinstance(value, np.ndarray):
            return ((not value) if error is False else ~error if not value else False), error
        return ~value if error is False else ~(value | error), error

    return step


def all_of(slots: Sequence[int]) -> Step:
    """`a && b && …`; stops at the first operand that is false everywhere."""

    def step(frame: Frame) -> Cell:
        cell: Cell = (True, False)
        for slot in slots:
            cell = conjunction(cell, frame.get(slot))
            if cell[0] is False and cell[1] is False:
                break
        return cell

    return step


def any_of(slots: Sequence[int]) -> Step:
    """`a || b || …`; stops at the first operand that is true everywhere."""

    def step(frame: Frame) -> Cell:
        cell: Cell = (False, False)
        for slot in slots:
            cell = disjunction(cell, frame.get(slot))
            if cell[0] is True:
                break
        return cell

    return step


def conditional(condition: int, then: int, otherwise: int) -> Step:
    """`condition ? then : otherwise`; only the chosen side can fail."""

    def step(frame: Frame) -> Cell:
        test, error = frame.get(condition)
        if error is True:
            return FAILED
        if not isinstance(test, np.ndarray):
            value, own = frame.get(then if test else otherwise)
            return _without_errors(value, either(error, own))
        return choose(test, error, frame.get(then), frame.get(otherwise))

    return step


def choose(test: NDArray[np.bool_], error: Error, then: Cell, otherwise: Cell) -> Cell:
    """Row by row one cell or the other, where the test is an array."""
    (a, a_error), (b, b_error) = then, otherwise
    wrong: Error
    if a_error is False:
        wrong = False if b_error is False else ~test if b_error is True else b_error & ~test
    elif b_error is False:
        wrong = test if a_error is True else a_error & test
    else:
        wrong = True if a_error is True and b_error is True else np.where(test, a_error, b_error)
    if a_error is True or b_error is True:
        data = b if a_error is True else a
    elif isinstance(a, str | Coded):
        data = choose_strings(test, a, b)
    else:
        data = np.where(test, a, b)
    return _without_errors(data, either(error, wrong))


def _without_errors(data: Data, error: Error) -> Cell:
    """The cell with a bool False where it is an error."""
    if error is True:
        return FAILED
    if error is not False:
        if isinstance(data, np.ndarray) and data.dtype == np.bool_:
            return data & ~error, error
        if data is True:
            return ~error, error
    return data, error
