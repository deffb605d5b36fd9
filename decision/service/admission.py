"""From what a caller sent to what the engine takes; everything that does not fit is named, and nothing was written."""

import math
from collections.abc import Callable

import msgspec

from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.service.question import DecisionQuestion, RawValue
from rules.attribute import Value, check_values, suggest
from rules.errors import Fault, Invalid, Unavailable
from rules.ids import CustomerId, Instant, VisitorId
from rules.instant import parse_instant
from rules.workspace import Attribute, Channel


class Ask(msgspec.Struct, frozen=True, eq=False):
    """A question that may be decided: checked against the catalogue it will be decided with."""

    snapshot: Snapshot
    request: DecisionRequest
    channel: Channel
    customer: CustomerId | None
    visitor: VisitorId | None
    at: Instant | None
    dry_run: bool


def served(snapshot: Snapshot | None) -> Snapshot:
    """The snapshot, or `Unavailable` while there is none."""
    if snapshot is None:
        raise Unavailable("No catalogue is served yet: publish one with `concierge publish DIR`.")
    return snapshot


def admit(question: DecisionQuestion, snapshot: Snapshot | None) -> Ask:
    """The question as the engine takes it; raises `Invalid` with every fault."""
    current = served(snapshot)
    workspace = current.catalogue.workspace
    placement = workspace.placements.get(question.placement)
    faults: list[Fault] = []
    if placement is None:
        hint = suggest(question.placement, workspace.placements)
        faults.append(Fault("placement", f"{question.placement!r} is not a placement of this catalogue{hint}"))
    context, wrong = read_values(workspace.attributes.context, question.context, "context")
    faults.extend(wrong)
    at = read_moment(question.at, "at", faults)
    if faults or placement is None:
        raise Invalid(tuple(faults))
    request = DecisionRequest(question.placement, context, question.slots, question.exclude)
    return Ask(current, request, placement.channel, question.customer, question.visitor, at, question.dry_run)


def read_values(
    attributes: dict[str, Attribute], raw: dict[str, RawValue], prefix: str
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    """The values that fit their declarations, and the faults of the others."""
    if not raw:
        return {}, ()
    return check_values(attributes, raw, prefix)


def read_moment(text: str | None, field: str, faults: list[Fault]) -> Instant | None:
    """The moment in a field that may be missing; adds a fault when it is not RFC 3339 or out of range."""
    return _collect(parse_instant, text, field, faults)


def check_worth(value: float | None, field: str, faults: list[Fault]) -> None:
    """Add a fault for a value that is not a finite number; MessagePack can carry NaN."""
    if value is not None and not math.isfinite(value):
        faults.append(Fault(field, "must be a finite number"))


def _collect(parse: Callable[[str], Instant], text: str | None, field: str, faults: list[Fault]) -> Instant | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        faults.append(Fault(field, str(error)))
        return None
