"""The one place that reads the clock; everything else is given one."""

import time
from collections.abc import Callable

from rules.ids import Instant

Clock = Callable[[], Instant]
"""Tells what moment it is."""


def wall_clock() -> Instant:
    """The moment it is."""
    return Instant(time.time_ns() // 1_000_000)
