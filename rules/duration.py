"""Lengths of time as people write them: `30d`, `12h`, `1w`."""

import re

from rules.ids import Duration

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_FORM = re.compile(r"([0-9]+)(ms|s|m|h|d|w)")
_LONGEST = 100 * 366 * _UNITS["d"]


def parse_duration(text: str) -> Duration:
    """The milliseconds of a whole number and one unit; ValueError says how to write it."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration; write a whole number and a unit (ms, s, m, h, d or w), like '30d'"
        )
    length = int(match[1]) * _UNITS[match[2]]
    if not 0 < length <= _LONGEST:
        raise ValueError(f"{text!r} is out of range; write more than nothing and at most a hundred years")
    return Duration(length)
