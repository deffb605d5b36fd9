"""Literals as CEL reads them: numbers with their ranges, strings with their escapes."""

import math
import re

from rules.expression.refusal import refusal

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\"'`?\\])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<wrong>.?))",
    re.DOTALL,
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_int(text: str, column: int) -> int:
    """An int literal, decimal or hexadecimal, inside 64 bits."""
    digits = text.removeprefix("-")
    value = int(digits, 16 if digits.startswith("0x") else 10)
    value = -value if text.startswith("-") else value
    if not INT_MIN <= value <= INT_MAX:
        raise refusal(column, f"the int {text} does not fit in 64 bits; write a double such as {text}.0")
    return value


def read_float(text: str, column: int) -> float:
    """A double literal; CEL wants digits after the point."""
    if re.search(r"\.(?![0-9])", text):
        raise refusal(column, f"the double {text} needs a digit after the point; write {text.replace('.', '.0', 1)}")
    value = float(text)
    if math.isinf(value):
        raise refusal(column, f"the double {text} is larger than any double; write a smaller one")
    return value


def read_string(text: str, column: int) -> str:
    """A string literal in any of CEL's quotes, raw or with escapes."""
    raw = text[0] in "rR"
    quoted = text[1:] if raw else text
    width = 3 if quoted[:3] in ('"""', "'''") and len(quoted) >= 6 else 1
    body = quoted[width:-width]
    if raw:
        return body

    def unescape(match: re.Match[str]) -> str:
        if (plain := match["plain"]) is not None:
            return _PLAIN.get(plain, plain)
        if match["octal"] is not None:
            return chr(int(match["octal"], 8))
        digits = match["x"] or match["u"] or match["U"]
        if digits is None:
            raise refusal(column, f"{match[0]!r} is not an escape of CEL; write \\\\ for a backslash")
        point = int(digits, 16)
        if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise refusal(column, f"{match[0]!r} is not a character; write the character itself")
        return chr(point)

    return _ESCAPE.sub(unescape, body)
