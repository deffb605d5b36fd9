"""Holds a mapping against the workspace and the file before any row is read, so that a mistake in it is told once."""

from collections.abc import Mapping, Sequence

from decision.importing.mapping import (
    Constant,
    CustomerMapping,
    DecisionMapping,
    EventMapping,
    Field,
    Moment,
    Time,
    column_of,
)
from rules.attribute import read_value, suggest
from rules.catalogue import Catalogue
from rules.errors import Fault, Invalid
from rules.ids import OfferId
from rules.instant import parse_instant
from rules.workspace import Attribute, Workspace

_TEXT = Attribute("string")
_NUMBER = Attribute("float")
_TRUTH = Attribute("bool")


class _Check:
    """One mapping being checked: `name` is its file, `columns` are those of the rows' file."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self._name = name
        self._columns = columns
        self._faults: list[Fault] = []

    def fault(self, key: str, message: str) -> None:
        self._faults.append(Fault(f"{self._name}: {key}", message))

    def column(self, key: str, field: Field | Time | None) -> None:
        column = column_of(field)
        if column is not None and column not in self._columns:
            self.fault(key, f"{column!r} is not a column of the file{suggest(column, self._columns)}")

    def time(self, key: str, time: Time | None) -> None:
        self.column(key, time)
        if isinstance(time, Moment):
            try:
                parse_instant(time.origin)
            except ValueError as error:
                self.fault(f"{key}.origin", str(error))

    def field(self, key: str, field: Field | None, attribute: Attribute) -> None:
        self.column(key, field)
        if isinstance(field, Constant):
            try:
                read_value(attribute, field.constant)
            except ValueError as error:
                self.fault(key, f"the constant {error}")

    def attributes(self, key: str, fields: Mapping[str, Field], declared: Mapping[str, Attribute]) -> None:
        for name, field in fields.items():
            if name not in declared:
                self.fault(f"{key}.{name}", f"is not declared in the workspace{suggest(name, declared)}")
            self.field(f"{key}.{name}", field, declared.get(name, _TEXT))

    def subject(self, customer: str | None, visitor: str | None) -> None:
        if customer is None and visitor is None:
            self.fault("customer", "is missing, and so is visitor; name the column of at least one of them")
        self.column("customer", customer)
        self.column("visitor", visitor)

    def done(self) -> None:
        if self._faults:
            raise Invalid(tuple(self._faults))


def check_customers(mapping: CustomerMapping, workspace: Workspace, name: str, columns: Sequence[str]) -> None:
    """Raises `Invalid` with everything wrong with a mapping of customers."""
    check = _Check(name, columns)
    check.column("id", mapping.id)
    check.attributes("attributes", mapping.attributes, workspace.attributes.customer)
    for consent, field in mapping.consents.items():
        check.field(f"consents.{consent}", field, _TRUTH)
    check.done()


def check_events(mapping: EventMapping, workspace: Workspace, name: str, columns: Sequence[str]) -> None:
    """Raises `Invalid` with everything wrong with a mapping of events."""
    check = _Check(name, columns)
    check.field("kind", mapping.kind, _TEXT)
    check.time("at", mapping.at)
    check.subject(mapping.customer, mapping.visitor)
    check.column("id", mapping.id)
    check.column("value", mapping.value)
    check.attributes("attributes", mapping.attributes, workspace.attributes.event)
    check.done()


def check_decisions(mapping: DecisionMapping, catalogue: Catalogue, name: str, columns: Sequence[str]) -> None:
    """Raises `Invalid` with everything wrong with a mapping of decisions."""
    check = _Check(name, columns)
    check.field("placement", mapping.placement, _TEXT)
    check.field("offer", mapping.offer, _TEXT)
    check.field("probability", mapping.probability, _NUMBER)
    check.field("outcome", mapping.outcome, _TEXT)
    check.field("value", mapping.value, _NUMBER)
    check.field("rank", mapping.rank, Attribute("int"))
    check.time("at", mapping.at)
    check.time("outcome_at", mapping.outcome_at)
    check.subject(mapping.customer, mapping.visitor)
    check.column("id", mapping.id)
    check.attributes("context", mapping.context, catalogue.workspace.attributes.context)
    placements = catalogue.workspace.placements
    if isinstance(mapping.placement, Constant) and mapping.placement.constant not in placements:
        wanted = str(mapping.placement.constant)
        check.fault("placement", f"{wanted!r} is not a placement of the catalogue{suggest(wanted, placements)}")
    if isinstance(mapping.offer, Constant) and OfferId(str(mapping.offer.constant)) not in catalogue.offers.ids:
        wanted = str(mapping.offer.constant)
        check.fault("offer", f"{wanted!r} is not an offer of the catalogue{suggest(wanted, catalogue.offers.ids)}")
    check.done()
