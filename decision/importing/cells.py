"""From a row's cells to typed values, with a fault for every cell that does not fit."""

import re
from collections.abc import Mapping
from functools import cache
from math import isfinite

from decision.importing.mapping import Constant, Field, Moment, Time, column_of
from decision.importing.rows import Row
from decision.service.admission import check_past, check_worth
from decision.service.question import NAME, WORD
from rules.attribute import Value, check_size, parse_value, read_value
from rules.duration import parse_duration
from rules.errors import Fault
from rules.ids import Duration, Instant
from rules.instant import check_instant, parse_instant
from rules.workspace import Attribute

_TEXT = Attribute("string")
_NUMBER = Attribute("float")
_WHOLE = Attribute("int")
_TRUTH = Attribute("bool")
_NAME = re.compile(NAME)
_WORD = re.compile(WORD)


class Cells:
    """One row being read; faults gather in `faults`, each named by its column."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.faults: list[Fault] = [] if row.fault is None else [Fault("", row.fault)]

    def fault(self, field: Field | Time | None, message: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(Fault(column_of(field) or "", message))

    def value(self, attribute: Attribute, field: Field | None) -> Value | None:
        """The typed value of a field; None when it is absent or does not fit."""
        if isinstance(field, Constant):
            return read_value(attribute, field.constant)
        raw = None if field is None else self._row.cells.get(field)
        if raw is None:
            return None
        try:
            if attribute.type == "int" and isinstance(raw, float) and raw.is_integer():
                raw = int(raw)  # A column of whole numbers with gaps is often stored as floats.
            text = self._row.text and isinstance(raw, str)
            value = parse_value(attribute, str(raw)) if text else read_value(attribute, raw)
            check_size(value)
            return value
        except ValueError as error:
            self.fault(field, str(error))
            return None

    def person(self, field: Field | None) -> str | None:
        """A customer or a visitor: a name without `/`."""
        value = self.name(field)
        if value is None or _NAME.search(value) is not None:
            return value
        self.fault(field, f"{value[:40]!r} names no customer or visitor; routes carry it, so write it without '/'")
        return None

    def name(self, field: Field | None) -> str | None:
        """An identifier: 1 to 200 characters without control characters; whole numbers as they are written."""
        raw = None if field is None or isinstance(field, Constant) else self._row.cells.get(field)
        if isinstance(raw, int) and not isinstance(raw, bool):
            return str(raw)
        value = self.value(_TEXT, field)
        if not isinstance(value, str) or not value:
            return None
        if _WORD.search(value) is None:
            self.fault(field, f"{value[:40]!r} is no name; use 1 to 200 characters without control characters")
            return None
        return value

    def number(self, field: Field | None) -> float | None:
        """The field as a finite number."""
        value = self.value(_NUMBER, field)
        return value if isinstance(value, float) else None

    def worth(self, field: Field | None) -> float | None:
        """The field as the value of an event or outcome."""
        value = self.number(field)
        faults: list[Fault] = []
        check_worth(value, column_of(field) or "", faults)
        self.faults.extend(faults)
        return None if faults else value

    def whole(self, field: Field | None) -> int | None:
        """The field as a whole number."""
        value = self.value(_WHOLE, field)
        return value if isinstance(value, int) else None

    def truth(self, field: Field | None) -> bool | None:
        """The field as true or false."""
        value = self.value(_TRUTH, field)
        return value if isinstance(value, bool) else None

    def values(self, attributes: Mapping[str, Attribute], fields: Mapping[str, Field]) -> dict[str, Value]:
        """The typed values of mapped attributes, all of which are declared."""
        found: dict[str, Value] = {}
        for name, field in fields.items():
            value = self.value(attributes[name], field)
            if value is not None:
                found[name] = value
        return found

    def moment(self, time: Time | None, now: Instant) -> Instant | None:
        """The moment in a time column, which is past by `now`."""
        raw = None if time is None else self._row.cells.get(column_of(time) or "")
        if time is None or raw is None:
            return None
        if not isinstance(raw, str) and not isinstance(time, Moment):
            self.fault(
                time, f"{raw!r} is a number; say in the mapping what it counts, as {{ column = ..., unit = 's' }}"
            )
            return None
        try:
            moment = _counted(time, raw) if isinstance(time, Moment) else parse_instant(str(raw))
            check_past(moment, now)
            return moment
        except ValueError as error:
            self.fault(time, str(error))
        return None


def _counted(time: Moment, raw: object) -> Instant:
    """The moment that lies a count of units after the origin; ValueError when that is no moment."""
    try:
        count = float(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else None
    except (ValueError, OverflowError):
        count = None
    if count is None or not isfinite(count):
        raise ValueError(f"{raw!r} is not a number; the mapping counts {time.unit} since {time.origin}")
    return check_instant(_origin(time.origin) + round(count * _unit(time.unit)))


@cache
def _origin(text: str) -> Instant:
    return parse_instant(text)


@cache
def _unit(name: str) -> Duration:
    return parse_duration(f"1{name}")
