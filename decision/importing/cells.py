"""From a row's cells to typed values, with a fault for every cell that does not fit."""

from collections.abc import Mapping
from math import isfinite

from decision.importing.mapping import Constant, Field, Moment, Time
from decision.importing.rows import Row
from rules.attribute import Value, parse_value, read_value, suggest
from rules.duration import parse_duration
from rules.errors import Fault
from rules.ids import Instant
from rules.instant import check_instant, parse_instant
from rules.workspace import Attribute

TEXT = Attribute("string")
NUMBER = Attribute("float")
WHOLE = Attribute("int")
TRUTH = Attribute("bool")


class Cells:
    """One row being read; faults gather in `faults`, each named by its column."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.faults: list[Fault] = [] if row.fault is None else [Fault("", row.fault)]

    def value(self, attribute: Attribute, field: Field | None) -> Value | None:
        """The typed value of a field; None when it is absent or does not fit."""
        column, raw = self._raw(field)
        if raw is None:
            return None
        try:
            if self.row.text and isinstance(raw, str) and not isinstance(field, Constant):
                return parse_value(attribute, raw)
            return read_value(attribute, raw)
        except ValueError as error:
            self.faults.append(Fault(column, str(error)))
            return None

    def text(self, field: Field | None) -> str | None:
        """The field as text; numbers are taken as they are written."""
        _, raw = self._raw(field)
        if isinstance(raw, int) and not isinstance(raw, bool):
            return str(raw)
        value = self.value(TEXT, field)
        return value if isinstance(value, str) and value else None

    def number(self, field: Field | None) -> float | None:
        """The field as a finite number."""
        value = self.value(NUMBER, field)
        return value if isinstance(value, float) else None

    def needed(self, field: Field | None, value: Value | None) -> None:
        """Notes a fault when a value that cannot be missing is absent and nothing was said about its column yet."""
        column, raw = self._raw(field)
        if value is None and raw is None:
            self.faults.append(Fault(column, "is missing"))

    def values(self, attributes: Mapping[str, Attribute], fields: Mapping[str, Field], prefix: str) -> dict[str, Value]:
        """The typed values of mapped attributes."""
        found: dict[str, Value] = {}
        for name, field in fields.items():
            if name not in attributes:
                self.faults.append(
                    Fault(f"{prefix}.{name}", f"is not declared in the workspace{suggest(name, attributes)}")
                )
                continue
            value = self.value(attributes[name], field)
            if value is not None:
                found[name] = value
        return found

    def moment(self, time: Time | None) -> Instant | None:
        """The moment in a time column."""
        if time is None:
            return None
        column = time.column if isinstance(time, Moment) else time
        raw = self.row.cells.get(column)
        try:
            if isinstance(time, Moment):
                count = float(raw) if isinstance(raw, str | int | float) else None
                return None if count is None else counted(time, count)
            return parse_instant(raw) if isinstance(raw, str) else None
        except (ValueError, OverflowError) as error:
            self.faults.append(Fault(column, str(error)))
            return None

    def _raw(self, field: Field | None) -> tuple[str, object]:
        if isinstance(field, Constant):
            return "constant", field.constant
        return field or "", None if field is None else self.row.cells.get(field)


def counted(time: Moment, count: float) -> Instant:
    """The moment that lies `count` units after the origin; ValueError when that is no moment."""
    if not isfinite(count):
        raise ValueError("is not a finite number")
    return check_instant(parse_instant(time.origin) + int(count * parse_duration(f"1{time.unit}")))
