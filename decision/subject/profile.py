"""The profile of one subject, as one compact blob."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from rules.attribute import Value
from rules.errors import Damaged
from rules.ids import Instant

AttributeValue = str | int | float | bool | list[str] | dict[str, float]


class Decayed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A weight as it was at a moment; it halves every half-life after that."""

    weight: float
    at: Instant


class ActivityFigures(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often an activity happened, what it was worth in total, and when it happened last."""

    count: int
    value: float
    last: Instant


class Profile(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """Attributes (timestamps as `Instant`), affinities by name and value, activities by name, and consents."""

    attributes: dict[str, AttributeValue] = {}
    affinities: dict[str, dict[str, Decayed]] = {}
    activities: dict[str, ActivityFigures] = {}
    consents: dict[str, bool] = {}

    @cached_property
    def blob(self) -> bytes:
        """Its blob."""
        return encode_profile(self)


EMPTY_PROFILE = Profile()

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Profile)


def as_stored(values: Mapping[str, Value]) -> dict[str, AttributeValue]:
    """Checked attribute values as a profile or a record keeps them: lists as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def encode_profile(profile: Profile) -> bytes:
    """The blob of a profile; equal profiles give equal blobs."""
    return _encoder.encode(profile)


def decode_profile(blob: bytes | None) -> Profile:
    """The profile in a blob; an absent blob is the empty profile. Raises `Damaged` for anything else."""
    try:
        profile = _decoder.decode(blob) if blob else EMPTY_PROFILE
        if blob:
            profile.__dict__["blob"] = blob
        return profile
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(f"it is not a profile: {error}") from error
