"""The values that an expression read for one offer, as a person wants to see them."""

from collections.abc import Sequence, Set

from rules.column import value_at
from rules.facts import Facts, FactValue
from rules.ids import Instant
from rules.instant import format_instant
from rules.offer import OfferTable


def read_values(
    paths: Sequence[str], facts: Facts, offers: OfferTable, row: int, moments: Set[str]
) -> dict[str, FactValue | None]:
    """Each path's value for one row, None where absent; the paths among `moments` as RFC 3339 text."""
    read: dict[str, FactValue | None] = {}
    for path in paths:
        root, _, name = path.partition(".")
        value = value_at(offers.columns[name], row) if root == "offer" else facts.get(path)
        if path in moments and isinstance(value, int):
            value = format_instant(Instant(value))
        read[path] = value
    return read


def tell_values(read: dict[str, FactValue | None]) -> str:
    """The values in one line: `customer.tier is absent, offer.nights is 2`."""
    return ", ".join(f"{path} is {_tell(value)}" for path, value in read.items())


def _tell(value: FactValue | None) -> str:
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return repr(value)
    if isinstance(value, float):
        return f"{value:g}"
    entries = value if isinstance(value, tuple) else [f"{key} {number:g}" for key, number in value.items()]
    return ", ".join(entries) or "empty"
