"""What the journal holds: decisions, outcomes, events, profile changes, and decisions taken back."""

from typing import Literal

import msgspec

from decision.engine.request import Decision, DecisionRequest, Shadow
from decision.subject.profile import AttributeValue
from rules.ids import CatalogueVersion, CustomerId, DecisionId, GoalId, Instant, ModelVersion, OfferId, VisitorId


class GivenTerms(msgspec.Struct, frozen=True, array_like=True):
    """The terms of volume limits a decision was made on: units left by place, and the version of the prices."""

    room: tuple[tuple[int, int], ...]
    prices: str | None = None


class DecisionRecord(msgspec.Struct, frozen=True, omit_defaults=True, tag="decision", tag_field="record"):
    """Everything `decide` was given and what it answered.

    `profile` and `contacts` are the blobs as the engine saw them (visitor and customer merged). `written` is the wall
    clock, `now` the moment decided for. `source` is `live`, or `import` for decisions made by another system: those
    hold what was shown with its known probability, and cannot be re-decided. `further_models` are those of the
    placement's further goals, `shadow` what a challenger would have done. `imported_none` is where imports kept the
    chance of showing nothing before decisions did.
    """

    id: DecisionId
    written: Instant
    now: Instant
    seed: int
    customer: CustomerId | None
    visitor: VisitorId | None
    request: DecisionRequest
    profile: bytes
    contacts: bytes
    catalogue: CatalogueVersion
    model: ModelVersion | None
    decision: Decision
    source: Literal["live", "import"] = "live"
    imported_none: float = msgspec.field(default=0.0, name="none_probability")
    degraded_inputs: tuple[str, ...] = ()
    terms: GivenTerms | None = None
    further_models: dict[GoalId, ModelVersion] = {}
    shadow: Shadow | None = None

    @property
    def none_probability(self) -> float:
        """The exact chance of showing nothing, where that was a choice, else 0."""
        return self.decision.none_probability or self.imported_none


class OutcomeRecord(msgspec.Struct, frozen=True, tag="outcome", tag_field="record"):
    """What became of a shown offer; `value` is its worth where the caller knows it."""

    id: str
    written: Instant
    at: Instant
    decision: DecisionId
    offer: OfferId | None
    kind: str
    customer: CustomerId | None
    visitor: VisitorId | None
    value: float | None = None


class EventRecord(msgspec.Struct, frozen=True, tag="event", tag_field="record"):
    """Behaviour outside decisions."""

    id: str
    written: Instant
    at: Instant
    customer: CustomerId | None
    visitor: VisitorId | None
    kind: str
    attributes: dict[str, AttributeValue] = {}
    value: float | None = None


class ProfileRecord(msgspec.Struct, frozen=True, tag="profile", tag_field="record"):
    """A change of a customer's profile or identities: the profile blob after it, or None when it was deleted."""

    id: str
    written: Instant
    customer: CustomerId
    change: Literal["put", "patch", "delete", "link", "unlink"]
    profile: bytes | None = None
    visitor: VisitorId | None = None
    evidence: str | None = None


class WithdrawalRecord(msgspec.Struct, frozen=True, tag="withdrawal", tag_field="record"):
    """The decision with this id was taken back before anything came of it: nobody saw what it showed.

    `campaign` is empty where a single one was.
    """

    id: DecisionId
    written: Instant
    campaign: str
    customer: CustomerId | None
    visitor: VisitorId | None = None


Record = DecisionRecord | OutcomeRecord | EventRecord | ProfileRecord | WithdrawalRecord

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """A record as one log entry."""
    return _encoder.encode(record)


def decode_record(entry: bytes) -> Record:
    """The record in a log entry."""
    return _decoder.decode(entry)
