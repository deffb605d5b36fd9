"""What one fact can still be: absent, or a value inside bounds and sets."""

from __future__ import annotations

import math
import operator
from typing import Any

import msgspec

from rules.expression.schema import Readable

_TESTS = {
    "equal": operator.eq,
    "unequal": operator.ne,
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
}
OPPOSITE = {
    "equal": "unequal",
    "unequal": "equal",
    "less": "at_least",
    "at_least": "less",
    "greater": "at_most",
    "at_most": "greater",
}
"""The comparison that holds exactly where another does not."""

MIRRORED = {
    "equal": "equal",
    "unequal": "unequal",
    "less": "greater",
    "greater": "less",
    "at_most": "at_least",
    "at_least": "at_most",
}
"""The comparison with its sides swapped."""

_COUNTABLE = 64


class Region(msgspec.Struct, frozen=True):
    """A set of states of one fact.

    Values lie in `allowed` if that is given, else from `least` to `most` (both included, None when open) but not in
    `excluded`.
    """

    absent: bool
    allowed: frozenset[Any] | None = None
    least: Any = None
    most: Any = None
    excluded: frozenset[Any] = frozenset()

    @classmethod
    def of(cls, path: str, readable: Readable | None) -> Region:
        """Everything that a fact can be; None stands for the bool of a condition that is not looked into."""
        if readable is None:
            return cls(False, frozenset({True, False}))
        if readable.type.name == "bool":
            return cls(readable.optional, frozenset({True, False}))
        if readable.type.name == "string" and readable.values is not None:
            return cls(readable.optional, frozenset(readable.values))
        if path.startswith(("activity.", "contacts.")) and readable.type.name in ("int", "float"):
            return cls(readable.optional, least=0) if not path.endswith(".monetary") else cls(readable.optional)
        return cls(readable.optional)

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        if self.absent:
            return False
        if self.allowed is not None:
            return not self.allowed
        if self.least is None or self.most is None:
            return False
        if self.least > self.most:
            return True
        if isinstance(self.least, int) and isinstance(self.most, int) and self.most - self.least < _COUNTABLE:
            return all(value in self.excluded for value in range(self.least, self.most + 1))
        return bool(self.least == self.most and self.least in self.excluded)

    def present(self, present: bool) -> Region:
        """Only the states where the fact is there, or only where it is not."""
        return msgspec.structs.replace(self, absent=False) if present else Region(self.absent, frozenset())

    def compared(self, comparison: str, value: Any) -> Region:
        """Only the values that compare so with a value."""
        if isinstance(value, float) and math.isnan(value):
            return self.present(True) if comparison == "unequal" else NOWHERE
        if self.allowed is not None:
            test = _TESTS[comparison]
            return Region(False, frozenset(item for item in self.allowed if test(item, value)))
        least, most, excluded = self.least, self.most, self.excluded
        match comparison:
            case "equal":
                return Region(False, frozenset({value} if self._holds(value) else ()))
            case "unequal":
                excluded = excluded | {value}
            case "greater" | "at_least":
                bound = _above(value) if comparison == "greater" else value
                least = bound if least is None else max(least, bound)
            case _:
                bound = _below(value) if comparison == "less" else value
                most = bound if most is None else min(most, bound)
        return Region(False, None, least, most, excluded)

    def within(self, values: frozenset[Any], inside: bool) -> Region:
        """Only the values inside a finite set, or only those outside."""
        if not inside:
            if self.allowed is not None:
                return Region(False, self.allowed - values)
            return Region(False, None, self.least, self.most, self.excluded | values)
        return Region(False, frozenset(value for value in values if self._holds(value)))

    def _holds(self, value: Any) -> bool:
        if self.allowed is not None:
            return value in self.allowed
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most) and value not in self.excluded


NOWHERE = Region(False, frozenset())
"""No state at all."""


def _above(value: Any) -> Any:
    if isinstance(value, str):
        return value + "\0"
    return math.nextafter(value, math.inf) if isinstance(value, float) else value + 1


def _below(value: Any) -> Any:
    # No string comes right before another, so the bound stays: a little too wide, which is safe.
    if isinstance(value, str):
        return value
    return math.nextafter(value, -math.inf) if isinstance(value, float) else value - 1
