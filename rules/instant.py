"""Moments as RFC 3339 text, kept as whole milliseconds since 1970."""

import re

import numpy as np

from rules.ids import Instant

EARLIEST = Instant(-2_208_988_800_000)
"""1900-01-01T00:00:00Z: attributes may hold dates of birth."""
LATEST = Instant(9_223_372_036_854)
"""The last millisecond that nanosecond clocks can hold: 2262-04-11T23:47:16.854Z."""

_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?",
    re.ASCII,
)
_MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
_MONTHS += ("October", "November", "December")
_HOW = "write it like 2026-03-01T09:30:00Z, or 2026-03-01 for midnight UTC"


def parse_instant(text: str) -> Instant:
    """The moment in an RFC 3339 text, to the millisecond (a plain date is midnight UTC); ValueError otherwise."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a moment; {_HOW}")
    date, clock, fraction, zone = match.groups(default="")
    try:
        seconds = int(np.datetime64(f"{date}T{clock or '00:00:00'}", "s").astype(np.int64))
        offset = _offset(zone)
    except ValueError:
        raise ValueError(f"{text!r} does not exist in the calendar; {_HOW}") from None
    return check_instant((seconds - offset) * 1000 + int((fraction + "000")[:3]))


def check_instant(milliseconds: int) -> Instant:
    """The same number as a moment; ValueError when it lies outside 1900 to 2262."""
    if not EARLIEST <= milliseconds <= LATEST:
        raise ValueError("the moment lies outside the years 1900 to 2262; give one inside")
    return Instant(milliseconds)


def format_instant(instant: Instant) -> str:
    """RFC 3339 in UTC, with milliseconds only where there are any."""
    text = str(np.datetime64(instant, "ms"))
    return f"{text.removesuffix('.000')}Z"


def tell_instant(instant: Instant) -> str:
    """The moment for a sentence, to the minute: `14 March 2027 09:30 UTC`."""
    date, clock = format_instant(instant).split("T")
    return f"{tell_day(date)} {clock[:5]} UTC"


def tell_day(date: str) -> str:
    """A date like `2027-03-14` for a sentence: `14 March 2027`."""
    year, month, day = date.split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


def _offset(zone: str) -> int:
    if zone in ("", "Z", "z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
