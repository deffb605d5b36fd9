"""From what a caller sent to what the engine takes; everything that does not fit is named, and nothing was written."""

import math

import msgspec

from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.service.question import DecisionQuestion, RawValue
from rules.attribute import Value, check_values, suggest
from rules.errors import Fault, Invalid, Unavailable
from rules.ids import CustomerId, Instant, VisitorId
from rules.instant import format_instant, parse_instant
from rules.workspace import Attribute, Channel

SKEW = 60_000
"""Milliseconds by which a caller's clock may run before ours."""

MOST_WORTH = 1e12
"""The largest value of one event or outcome, of either sign: sums of such values stay exact enough, and finite."""


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


def admit(question: DecisionQuestion, snapshot: Snapshot | None, now: Instant) -> Ask:
    """The question as the engine takes it; raises `Invalid` with every fault.

    Only a dry run may ask about the future: contacts and records of what has not happened would mislead for ever.
    """
    current = served(snapshot)
    workspace = current.catalogue.workspace
    placement = workspace.placements.get(question.placement)
    faults: list[Fault] = []
    if placement is None:
        hint = suggest(question.placement, workspace.placements)
        faults.append(Fault("placement", f"{question.placement!r} is not a placement of this catalogue{hint}"))
    elif question.slots is not None and question.slots > placement.slots:
        said = f"the placement has {placement.slots}; ask for as many or fewer, or publish it with more"
        faults.append(Fault("slots", said))
    context, wrong = read_values(workspace.attributes.context, question.context, "context")
    faults.extend(wrong)
    at = read_moment(question.at, "at", faults, None if question.dry_run else now)
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


def read_moment(text: str | None, field: str, faults: list[Fault], now: Instant | None) -> Instant | None:
    """The moment in a field that may be missing; adds a fault when it is not RFC 3339, or later than `now`."""
    if text is None:
        return None
    try:
        moment = parse_instant(text)
        if now is not None:
            check_past(moment, now)
    except ValueError as error:
        faults.append(Fault(field, str(error)))
        return None
    return moment


def check_past(moment: Instant, now: Instant) -> None:
    """ValueError when a moment lies in the future, give or take the clocks' difference."""
    if moment > now + SKEW:
        raise ValueError(f"{format_instant(moment)} lies in the future; give the moment when it happened")


def check_worth(value: float | None, field: str, faults: list[Fault]) -> None:
    """Add a fault for a value that no event or outcome can be worth; MessagePack can carry NaN."""
    if value is None:
        return
    if not math.isfinite(value):
        faults.append(Fault(field, "must be a finite number"))
    elif abs(value) > MOST_WORTH:
        faults.append(Fault(field, f"must be between -{MOST_WORTH:g} and {MOST_WORTH:g}; use a larger unit"))
