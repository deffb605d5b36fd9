"""What a look at the journal says of the models in use."""

import msgspec

from models.reference import Stability
from rules.ids import GoalId, Instant, ModelVersion, OfferId

EVIDENCE_BOUNDS = (1, 10, 100, 1_000, 10_000)
"""Offers are counted by which of these their evidence is below."""


class CalibratedDay(msgspec.Struct, frozen=True):
    """A day's (UTC) first offers whose window has passed: how many, and the means of what was predicted and came."""

    day: str
    decisions: int
    predicted: float
    observed: float


class Calibrated(msgspec.Struct, frozen=True):
    """What came over what was predicted, in all, and by how many standard errors it is off."""

    ratio: float
    deviations: float
    days: tuple[CalibratedDay, ...]


class Evidence(msgspec.Struct, frozen=True):
    """How much a model has seen of the offers that its placements may show now.

    `below` counts offers by `EVIDENCE_BOUNDS`; `thin` are those with less than is asked for; `thinnest` the ten offers
    with the least.
    """

    offers: int
    thin: int
    below: tuple[int, ...]
    thinnest: tuple[tuple[OfferId, int], ...]


class GoalCare(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the model in use for a goal; None where it cannot be told.

    `drift` is by feature, `shown` how many shown offers it was found in. `warnings` are sentences: what is beyond its
    bound, and what to do.
    """

    version: ModelVersion
    created: Instant
    trained: bool
    shown: int = 0
    drift: dict[str, Stability] = {}
    prediction: Stability | None = None
    calibrated: Calibrated | None = None
    evidence: Evidence | None = None
    warnings: tuple[str, ...] = ()


class CareReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found at moment `made`, when the journal's latest entry was of `present`.

    `decisions` are those of the last day, `fallbacks` how many of them were a placement's fallback, `degraded` how many
    went on without each part.
    """

    made: Instant
    present: Instant
    decisions: int = 0
    fallbacks: int = 0
    degraded: dict[str, int] = {}
    goals: dict[GoalId, GoalCare] = {}
    warnings: tuple[str, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CareReport)


def encode_report(report: CareReport) -> bytes:
    """The blob of a report."""
    return _encoder.encode(report)


def decode_report(blob: bytes) -> CareReport | None:
    """The report in a blob; None when another version of this program wrote it in its own way."""
    try:
        return _decoder.decode(blob)
    except msgspec.MsgspecError:
        return None
