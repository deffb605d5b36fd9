"""What callers send: questions, and reports of what happened."""

from typing import Annotated

import msgspec
from msgspec import Meta

from rules.attribute import MOST_ITEMS
from rules.ids import CustomerId, DecisionId, OfferId, PlacementId, VisitorId

NAME = r"^(?!\.{1,2}$)[^\x00-\x1f\x7f/]{1,200}$(?!\n)"
"""Customers and visitors: 1 to 200 characters, no control character and no `/`; `.` and `..` mean folders in a path."""

WORD = r"^[^\x00-\x1f\x7f]{1,200}$(?!\n)"
"""Other names that callers choose: 1 to 200 characters, none of them a control character."""

MOST_NAMES = 256
"""Most names in a map, and so most attributes or consents, of one question or report."""

MOST_REPORTS = 10_000
"""Most reports in one call."""

RawList = Annotated[list[str], Meta(max_length=MOST_ITEMS)]
RawMap = Annotated[dict[str, float], Meta(max_length=MOST_ITEMS)]
PatchMap = Annotated[dict[str, float | None], Meta(max_length=MOST_ITEMS)]

RawValue = str | bool | int | float | RawList | RawMap | None
"""A value as it came; it is held against its declared type later. None stands for absent."""

PatchValue = str | bool | int | float | RawList | PatchMap | None
"""A value in a merge patch; None removes, inside a map too."""

CustomerName = Annotated[CustomerId, Meta(pattern=NAME)]
VisitorName = Annotated[VisitorId, Meta(pattern=NAME)]
Word = Annotated[str, Meta(pattern=WORD)]
OfferName = Annotated[OfferId, Meta(max_length=200)]
PlacementName = Annotated[PlacementId, Meta(max_length=200)]
DecisionName = Annotated[DecisionId, Meta(max_length=200)]
AttributeName = Annotated[str, Meta(max_length=200)]
RawValues = Annotated[dict[AttributeName, RawValue], Meta(max_length=MOST_NAMES)]


class DecisionQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which offers should this subject see at this placement?

    `slots` asks for fewer offers than the placement has. `at` is for recorded data, needs scope `admin`, and lies in
    the future only of a dry run.
    """

    placement: PlacementName
    customer: CustomerName | None = None
    visitor: VisitorName | None = None
    context: RawValues = {}
    slots: Annotated[int, Meta(ge=1)] | None = None
    exclude: Annotated[tuple[OfferName, ...], Meta(max_length=10_000)] = ()
    dry_run: bool = False
    at: str | None = None


class OutcomeReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of an offer that a decision showed; the same `id` for the same decision again changes nothing.

    Without `offer`, what followed a decision that showed nothing: only so is it known what offers bring.
    """

    id: Word
    decision: DecisionName
    kind: Word
    offer: OfferName | None = None
    at: str | None = None
    value: float | None = None


class EventReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a subject did outside decisions.

    The same `id` of the same visitor (of the same customer where no visitor is named) again changes nothing.
    """

    id: Word
    kind: Word
    customer: CustomerName | None = None
    visitor: VisitorName | None = None
    at: str | None = None
    attributes: RawValues = {}
    value: float | None = None


OutcomeReports = Annotated[list[OutcomeReport], Meta(max_length=MOST_REPORTS)]
EventReports = Annotated[list[EventReport], Meta(max_length=MOST_REPORTS)]


class LinkReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visitor turned out to be a customer; `evidence` says how that is known, such as `login`."""

    visitor: VisitorName
    customer: CustomerName
    evidence: Word


class ProfileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller may set of a customer's profile, as a whole."""

    attributes: RawValues = {}
    consents: Annotated[dict[AttributeName, bool], Meta(max_length=MOST_NAMES)] = {}


class ProfilePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON merge patch (RFC 7386) of a customer's profile: null removes, a missing name keeps."""

    attributes: Annotated[dict[AttributeName, PatchValue], Meta(max_length=MOST_NAMES)] | msgspec.UnsetType | None = (
        msgspec.UNSET
    )
    consents: Annotated[dict[AttributeName, bool | None], Meta(max_length=MOST_NAMES)] | msgspec.UnsetType | None = (
        msgspec.UNSET
    )
