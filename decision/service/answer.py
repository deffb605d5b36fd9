"""What callers get back."""

from collections.abc import Mapping

import msgspec

from decision.subject.profile import AttributeValue
from rules.errors import Fault
from rules.ids import CatalogueVersion, CustomerId, DecisionId, GoalId, ModelVersion, OfferId, PlacementId, VisitorId


class OfferAnswer(msgspec.Struct, frozen=True):
    """One offer of the slate, with its creative in the placement's format."""

    offer: OfferId
    rank: int
    propensity: float | None
    value: float
    score: float
    probability: float
    creative: Mapping[str, str]
    reasons: tuple[str, ...]


class DecisionAnswer(msgspec.Struct, frozen=True):
    """A slate; `degraded` names the parts that were left out, `catalogue` and `model` the versions that made it.

    `further_models` are those of the placement's further goals.
    """

    decision: DecisionId
    placement: PlacementId
    offers: tuple[OfferAnswer, ...]
    group: str
    degraded: tuple[str, ...]
    catalogue: CatalogueVersion
    model: ModelVersion | None
    customer: CustomerId | None = None
    visitor: VisitorId | None = None
    further_models: Mapping[GoalId, ModelVersion] = {}


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many reports were taken, and how many were already known and changed nothing.

    `unused` names kinds that nothing in the catalogue is about (no goal, affinity, activity, counter or contact
    policy): such reports are journalled, but nothing follows from them, so it may be a slip of the pen.
    """

    accepted: int
    repeated: int
    unused: tuple[str, ...] = ()


class AffinityAnswer(msgspec.Struct, frozen=True):
    """A weight, decayed to now."""

    value: str
    weight: float


class ActivityAnswer(msgspec.Struct, frozen=True):
    """How often an activity happened, what it was worth, and when it happened last (RFC 3339)."""

    count: int
    value: float
    last: str


class CustomerAnswer(msgspec.Struct, frozen=True):
    """A customer's profile as a decision would see it now; instants are RFC 3339."""

    customer: CustomerId
    attributes: Mapping[str, AttributeValue]
    consents: Mapping[str, bool]
    affinities: Mapping[str, tuple[AffinityAnswer, ...]]
    activities: Mapping[str, ActivityAnswer]
    traits: Mapping[str, str]
    visitors: tuple[VisitorId, ...]


class GroupsAnswer(msgspec.Struct, frozen=True):
    """The group of a person at every placement: `champion`, `holdout`, or an experiment's `EXPERIMENT/ARM`."""

    groups: Mapping[PlacementId, str]
    catalogue: CatalogueVersion
    customer: CustomerId | None = None
    visitor: VisitorId | None = None


class VersionAnswer(msgspec.Struct, frozen=True):
    """An immutable version, when and by whom it was stored (RFC 3339), which slots point to it now, and figures."""

    version: str
    stored: str
    current: tuple[str, ...]
    by: str
    summary: Mapping[str, str | int | float]


class CurrentAnswer(msgspec.Struct, frozen=True):
    """The version each slot points to, and the one this worker serves.

    A catalogue has the slot `current`, a model that of its goal.
    """

    current: Mapping[str, str]
    serving: Mapping[str, str]


class PublishedAnswer(msgspec.Struct, frozen=True):
    """The version now in use, the one before it, and what should be looked at although it is no mistake."""

    version: str
    before: str | None
    warnings: tuple[Fault, ...] = ()


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether this worker can decide, what stands in the way, and what of its models should be looked at."""

    ready: bool
    store: bool
    catalogue: CatalogueVersion | None
    models: Mapping[str, ModelVersion]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
