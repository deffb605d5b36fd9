"""Arithmetic: 64-bit ints that report overflow, doubles by IEEE 754, instants and durations with CEL's ranges.

Every kernel takes scalars or arrays and gives data and its own error. Ints are Python ints or int64 arrays.
"""

from typing import Any

import numpy as np

from rules.expression.cell import Cell, Data, Error
from rules.expression.literal import INT_MAX, INT_MIN
from rules.expression.time_literal import EARLIEST, LATEST, LONGEST

_SURELY_FITS = 2.0**62


def _checked(value: int, least: int = INT_MIN, most: int = INT_MAX) -> Cell:
    return (value, False) if least <= value <= most else (0, True)


def _is_array(*data: Data) -> bool:
    return any(isinstance(part, np.ndarray) for part in data)


def _exactly(operation: str, left: Data, right: Data, result: Any, error: Any) -> Cell:
    """Redo in Python ints the rows that might have overflowed."""
    for row in np.flatnonzero(error):
        a = int(left[row]) if isinstance(left, np.ndarray) else left
        b = int(right[row]) if isinstance(right, np.ndarray) else right
        exact = a + b if operation == "+" else a - b if operation == "-" else a * b
        result[row], error[row] = _checked(exact)
    return result, error if error.any() else False


def _overflowing(operation: str, left: Data, right: Data) -> Cell:
    if operation == "+":
        result, size = left + right, np.abs(np.add(left, right, dtype=np.float64))
    elif operation == "-":
        result, size = left - right, np.abs(np.subtract(left, right, dtype=np.float64))
    else:
        result, size = left * right, np.abs(np.multiply(left, right, dtype=np.float64))
    suspicious = size >= _SURELY_FITS
    return _exactly(operation, left, right, result, suspicious) if suspicious.any() else (result, False)


def add_ints(left: Data, right: Data) -> Cell:
    """Sum; an error where it leaves 64 bits."""
    return _overflowing("+", left, right) if _is_array(left, right) else _checked(left + right)


def subtract_ints(left: Data, right: Data) -> Cell:
    """Difference; an error where it leaves 64 bits."""
    return _overflowing("-", left, right) if _is_array(left, right) else _checked(left - right)


def multiply_ints(left: Data, right: Data) -> Cell:
    """Product; an error where it leaves 64 bits."""
    return _overflowing("*", left, right) if _is_array(left, right) else _checked(left * right)


def negate_int(value: Data) -> Cell:
    """The opposite; an error for the smallest int."""
    return subtract_ints(0, value)


def divide_ints(left: Data, right: Data) -> Cell:
    """Quotient, truncated towards zero; an error for a zero divisor and for the one quotient that overflows."""
    if not _is_array(left, right):
        if right == 0:
            return 0, True
        quotient = abs(left) // abs(right)
        return _checked(quotient if (left < 0) == (right < 0) else -quotient)
    quotient, remainder, error = _floor_division(left, right)
    return quotient + ((remainder != 0) & (np.less(left, 0) != np.less(right, 0))), error


def remainder_ints(left: Data, right: Data) -> Cell:
    """Remainder with the sign of the dividend; errors as for the quotient."""
    if not _is_array(left, right):
        if right == 0 or (left == INT_MIN and right == -1):
            return 0, True
        return (abs(left) % abs(right)) * (-1 if left < 0 else 1), False
    _, remainder, error = _floor_division(left, right)
    return remainder - np.where((remainder != 0) & (np.less(left, 0) != np.less(right, 0)), right, 0), error


def _floor_division(left: Data, right: Data) -> tuple[Any, Any, Error]:
    error = np.equal(right, 0) | (np.equal(left, INT_MIN) & np.equal(right, -1))
    divisor = np.where(error, 1, right)
    quotient, remainder = np.divmod(left, divisor)
    return quotient, remainder, (error if error.any() else False) if isinstance(error, np.ndarray) else bool(error)


def add_floats(left: Data, right: Data) -> Data:
    """Sum."""
    return left + right


def subtract_floats(left: Data, right: Data) -> Data:
    """Difference."""
    return left - right


def multiply_floats(left: Data, right: Data) -> Data:
    """Product."""
    return left * right


def negate_float(value: Data) -> Data:
    """The opposite."""
    return -value


def divide_floats(left: Data, right: Data) -> Data:
    """Quotient; by zero it is infinite or not a number, never an error."""
    if not _is_array(left, right) and right == 0.0:
        return float(np.divide(left, right))
    return left / right


def _in_range(result: Data, least: int, most: int) -> Cell:
    if not isinstance(result, np.ndarray):
        return _checked(result, least, most)
    error = (result < least) | (result > most)
    return result, error if error.any() else False


def add_to_instant(left: Data, right: Data) -> Cell:
    """A timestamp and a duration in either order; an error outside the years 1 to 9999."""
    return _in_range(left + right, EARLIEST, LATEST)


def subtract_from_instant(left: Data, right: Data) -> Cell:
    """A timestamp less a duration; an error outside the years 1 to 9999."""
    return _in_range(left - right, EARLIEST, LATEST)


def add_durations(left: Data, right: Data) -> Cell:
    """Sum of durations; an error beyond ten thousand years."""
    return _in_range(left + right, -LONGEST, LONGEST)


def subtract_durations(left: Data, right: Data) -> Cell:
    """Difference of durations or of timestamps; an error beyond ten thousand years."""
    return _in_range(left - right, -LONGEST, LONGEST)


def double_of_int(value: Data) -> Data:
    """The nearest double."""
    return value.astype(np.float64) if isinstance(value, np.ndarray) else float(value)


def int_of_double(value: Data) -> Cell:
    """The double truncated towards zero; an error when it is not a number or leaves 64 bits."""
    if not isinstance(value, np.ndarray):
        return (int(value), False) if -(2.0**63) < value < 2.0**63 else (0, True)
    fits = (value > -(2.0**63)) & (value < 2.0**63)
    return np.where(fits, value, 0.0).astype(np.int64), False if fits.all() else ~fits
