"""Parts of instants in the proleptic Gregorian calendar, and whole units of durations."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rules.expression.cell import Data

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000

Instants = NDArray[np.int64]


def _days(at: Instants) -> NDArray[np.datetime64]:
    return at.astype("datetime64[ms]").astype("datetime64[D]")


def _since(at: Instants, unit: str) -> Instants:
    """Days since the start of the month (`M`) or year (`Y`)."""
    days = _days(at)
    return np.asarray(days - days.astype(f"datetime64[{unit}]").astype("datetime64[D]"), np.int64)


PARTS: dict[str, Callable[[Instants], Instants]] = {
    "year": lambda at: _days(at).astype("datetime64[Y]").astype(np.int64) + 1970,
    "month": lambda at: _days(at).astype("datetime64[M]").astype(np.int64) % 12,
    "date": lambda at: _since(at, "M") + 1,
    "day_of_month": lambda at: _since(at, "M"),
    "day_of_week": lambda at: (at // _DAY + 4) % 7,
    "day_of_year": lambda at: _since(at, "Y"),
    "hours": lambda at: at // _HOUR % 24,
    "minutes": lambda at: at // _MINUTE % 60,
    "seconds": lambda at: at // _SECOND % 60,
    "milliseconds": lambda at: at % _SECOND,
}
"""Each part of an instant as CEL counts it: all from 0 (weeks start on Sunday), but `date` from 1."""


def part_of_instant(name: str, offset: int) -> Callable[[Data], Data]:
    """The kernel for one part, in the time zone at an offset from UTC (ms)."""
    part = PARTS[name]

    def kernel(at: Data) -> Data:
        if isinstance(at, np.ndarray):
            return part(at + offset)
        return int(part(np.array([at + offset], np.int64))[0])

    return kernel


def duration_in(unit: int) -> Callable[[Data], Data]:
    """The kernel for the whole units of a duration, truncated towards zero."""

    def kernel(length: Data) -> Data:
        whole = abs(length) // unit
        if isinstance(length, np.ndarray):
            return np.where(length < 0, -whole, whole)
        return -whole if length < 0 else whole

    return kernel


def int_of_instant(at: Data) -> Data:
    """Whole seconds since 1970."""
    return at // _SECOND
