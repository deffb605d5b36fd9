"""Figures as people read them."""

from math import isnan

TWO_SIDED_95 = 1.959964
"""Standard errors on either side that hold 95 % of a normal distribution."""


def number(value: float | None, digits: int | None = None) -> str:
    """A figure with about four significant digits, or with so many decimals; a dash where there is none."""
    if value is None or isnan(value):
        return "–"
    return f"{value:,.{digits_of(value) if digits is None else digits}f}"


def digits_of(value: float) -> int:
    """Decimals that leave about four significant digits."""
    return 2 if abs(value) >= 10 else 3 if abs(value) >= 1 else 4


def with_error(value: float, error: float, digits: int | None = None) -> str:
    """A figure, and its standard error in brackets."""
    digits = digits_of(value) if digits is None else digits
    return "–" if isnan(value) else f"{number(value, digits)} ({number(error, digits)})"


def with_interval(value: float, error: float, digits: int) -> str:
    """A figure, and its interval of 95 % in brackets."""
    reach = TWO_SIDED_95 * error
    return between(value, value - reach, value + reach, digits)


def between(value: float, low: float, high: float, digits: int) -> str:
    """A figure, and from where to where it may be, in brackets."""
    return "–" if isnan(value) else f"{number(value, digits)} ({number(low, digits)} to {number(high, digits)})"
