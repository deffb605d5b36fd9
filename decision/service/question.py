"""What callers send: questions, and reports of what happened."""

from typing import Annotated

import msgspec
from msgspec import Meta

from rules.ids import CustomerId, DecisionId, OfferId, PlacementId, VisitorId

NAME = r"^[^\x00-\x1f\x7f]{1,200}$(?!\n)"
"""Identifiers that callers choose: 1 to 200 characters, none of them a control character."""

RawValue = str | bool | int | float | list[str] | dict[str, float] | None
"""A value as it came; it is held against its declared type later. None stands for absent."""

PatchValue = str | bool | int | float | list[str] | dict[str, float | None] | None
"""A value in a merge patch; None removes, inside a map too."""

CustomerName = Annotated[CustomerId, Meta(pattern=NAME)]
VisitorName = Annotated[VisitorId, Meta(pattern=NAME)]
Name = Annotated[str, Meta(pattern=NAME)]


class DecisionQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which offers should this subject see at this placement? `at` is for recorded data, and needs scope `admin`."""

    placement: PlacementId
    customer: CustomerName | None = None
    visitor: VisitorName | None = None
    context: dict[str, RawValue] = {}
    slots: Annotated[int, Meta(ge=1, le=1000)] | None = None
    exclude: Annotated[tuple[OfferId, ...], Meta(max_length=10_000)] = ()
    dry_run: bool = False
    at: str | None = None


class OutcomeReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of an offer that a decision showed; the same `id` again changes nothing."""

    id: Name
    decision: DecisionId
    offer: OfferId
    kind: Name
    at: str | None = None
    value: float | None = None


class EventReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a subject did outside decisions; the same `id` again changes nothing."""

    id: Name
    kind: Name
    customer: CustomerName | None = None
    visitor: VisitorName | None = None
    at: str | None = None
    attributes: dict[str, RawValue] = {}
    value: float | None = None


class LinkReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visitor turned out to be a customer; `evidence` says how that is known, such as `login`."""

    visitor: VisitorName
    customer: CustomerName
    evidence: Name


class ProfileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller may set of a customer's profile, as a whole."""

    attributes: dict[str, RawValue] = {}
    consents: dict[str, bool] = {}


class ProfilePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON merge patch (RFC 7386) of a customer's profile: null removes, a missing name keeps."""

    attributes: dict[str, PatchValue] | msgspec.UnsetType | None = msgspec.UNSET
    consents: dict[str, bool | None] | msgspec.UnsetType | None = msgspec.UNSET
