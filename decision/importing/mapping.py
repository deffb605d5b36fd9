"""Which column of a file means what: one small TOML file per kind of import."""

from typing import Literal, TypeVar

import msgspec

from rules.errors import Fault, Invalid


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same value for every row."""

    constant: str | int | float | bool


Field = str | Constant
"""A column's name, or a constant."""


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that counts time from an origin (RFC 3339) in a unit."""

    column: str
    unit: Literal["ms", "s", "m", "h", "d", "w"] = "ms"
    origin: str = "1970-01-01T00:00:00Z"


Time = str | Moment
"""A column of RFC 3339 moments, or a column that counts from an origin."""


class CustomerMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers: the id, then attribute = column and consent = column."""

    id: str
    attributes: dict[str, Field] = {}
    consents: dict[str, Field] = {}


class EventMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events; without `id` a row is known by its own content."""

    kind: Field
    at: Time
    customer: str | None = None
    visitor: str | None = None
    id: str | None = None
    value: str | None = None
    attributes: dict[str, Field] = {}


class DecisionMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Past decisions, one offer (or none) a row, with the probability it had and what became of it.

    `probability` is the chance of the offer (or of none, when `offer` is empty). `outcome` names the outcome kind of a
    row, empty when nothing came; `value` is its worth; `outcome_at` its moment (the decision's own without).
    """

    placement: Field
    offer: Field
    at: Time
    probability: Field
    customer: str | None = None
    visitor: str | None = None
    id: str | None = None
    outcome: Field | None = None
    value: Field | None = None
    outcome_at: Time | None = None
    rank: Field = Constant(1)
    context: dict[str, Field] = {}


AnyMapping = TypeVar("AnyMapping", CustomerMapping, EventMapping, DecisionMapping)


def read_mapping(text: bytes, kind: type[AnyMapping], name: str) -> AnyMapping:
    """The mapping in a TOML text; raises `Invalid` naming the file's key."""
    try:
        return msgspec.toml.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(kind.__struct_fields__)
        raise Invalid((Fault(name, f"{error}; a mapping holds {known}"),)) from error


def column_of(field: Field | Time | None) -> str | None:
    """The column that a field reads; None for a constant."""
    if isinstance(field, Moment):
        return field.column
    return field if isinstance(field, str) else None
