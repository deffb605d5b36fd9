"""Timestamps, durations and time-zone offsets written as strings, in whole milliseconds."""

import re

import numpy as np

from rules.expression.refusal import refusal

EARLIEST, LATEST = -62_135_596_800_000, 253_402_300_799_999
"""First millisecond of year 1 and last of year 9999: the range of a CEL timestamp."""

LONGEST = 315_576_000_000_000
"""The range of a CEL duration, either side of zero: ten thousand years."""

_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt](?P<time>\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<zone>[Zz]|[+-]\d{2}:\d{2})"
)
_DURATION = re.compile(r"[+-]?(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|ns))+|[+-]?0")
_STEP = re.compile(r"(\d+)(?:\.(\d*))?(h|ms|m|s|us|µs|ns)")
_NANOSECONDS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "ns": 1,
}
_OFFSET = re.compile(r"(?P<sign>[+-]?)(?P<hours>\d{2}):(?P<minutes>\d{2})")


def read_timestamp(text: str, column: int) -> int:
    """The instant of an RFC 3339 string, in milliseconds."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise refusal(column, f"timestamp({text!r}) is not RFC 3339; write it like timestamp('2026-03-01T00:00:00Z')")
    try:
        moment = int(np.datetime64(f"{match['day']}T{match['time']}", "ms").astype(np.int64))
    except ValueError as error:
        raise refusal(column, f"timestamp({text!r}) is not a date of the calendar: {error}") from error
    fraction = (match["fraction"] or "").ljust(9, "0")
    if fraction[3:] != "000000":
        raise refusal(column, f"timestamp({text!r}) is finer than a millisecond; instants here are whole milliseconds")
    if match["zone"] not in "Zz":
        moment -= read_offset(match["zone"], column)
    moment += int(fraction[:3])
    if not EARLIEST <= moment <= LATEST:
        raise refusal(column, f"timestamp({text!r}) lies outside the years 1 to 9999")
    return moment


def read_duration(text: str, column: int) -> int:
    """The length of a string such as `1h30m` or `-2.5s`, in milliseconds."""
    if _DURATION.fullmatch(text) is None:
        raise refusal(
            column, f"duration({text!r}) is not a duration; write hours, minutes or seconds like '36h', '90m', '1h30m'"
        )
    nanoseconds = 0
    for whole, fraction, unit in _STEP.findall(text):
        scale = _NANOSECONDS[unit]
        nanoseconds += int(whole) * scale
        if fraction:
            nanoseconds += int(fraction) * scale // 10 ** len(fraction)
    if nanoseconds % 1_000_000:
        raise refusal(column, f"duration({text!r}) is finer than a millisecond; durations here are whole milliseconds")
    length = nanoseconds // 1_000_000
    if length > LONGEST:
        raise refusal(column, f"duration({text!r}) is longer than ten thousand years")
    return -length if text.startswith("-") else length


def read_offset(text: str, column: int) -> int:
    """A time zone as an offset from UTC, in milliseconds; named zones are refused, since their rules change."""
    if text == "UTC":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None or int(match["hours"]) > 23 or int(match["minutes"]) > 59:
        raise refusal(column, f"the time zone {text!r} is not supported; write an offset from UTC such as '+01:00'")
    length = int(match["hours"]) * 3_600_000 + int(match["minutes"]) * 60_000
    return -length if match["sign"] == "-" else length
