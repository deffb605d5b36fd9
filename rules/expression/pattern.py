"""Regular expressions of `.matches()`: RE2, as CEL says, through Arrow."""

import pyarrow as pa
import pyarrow.compute as pc

from rules.expression.refusal import refusal


def check_pattern(pattern: str, column: int) -> str:
    """The pattern itself; refused when RE2 cannot read it."""
    try:
        matches_pattern([""], pattern)
    except pa.ArrowInvalid as error:
        raise refusal(column, f"the pattern {pattern!r} is not RE2: {error}") from error
    return pattern


def matches_pattern(words: list[str], pattern: str) -> list[bool]:
    """For each word, whether the pattern matches somewhere in it."""
    found = pc.match_substring_regex(pa.array(words, pa.string()), pattern=pattern)
    return [bool(match) for match in found.to_pylist()]
