"""The profile of one subject, as one compact blob."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from rules.attribute import Value
from rules.errors import Damaged
from rules.ids import Instant

Decoded = TypeVar("Decoded")

_NOTHING: Mapping[str, Any] = {}

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


class Parts(msgspec.Struct, frozen=True, array_like=True):
    """What a profile is made of, as it is encoded."""

    attributes: dict[str, AttributeValue] = {}
    affinities: dict[str, dict[str, Decayed]] = {}
    activities: dict[str, ActivityFigures] = {}
    consents: dict[str, bool] = {}


class _Outline(msgspec.Struct, frozen=True, array_like=True):
    """The same, as far as it has to be known to be one."""

    attributes: msgspec.Raw = msgspec.Raw()
    affinities: msgspec.Raw = msgspec.Raw()
    activities: msgspec.Raw = msgspec.Raw()
    consents: dict[str, bool] = {}


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Parts)
_outliner = msgspec.msgpack.Decoder(_Outline)


class Profile:
    """Attributes (timestamps as `Instant`), affinities by name and value, activities by name, and consents.

    Made of these, or of a blob. Of a blob only the consents are decoded at once: most decisions need no more.
    """

    __slots__ = ("_blob", "_parts", "consents")

    def __init__(
        self,
        attributes: Mapping[str, AttributeValue] = _NOTHING,
        affinities: Mapping[str, dict[str, Decayed]] = _NOTHING,
        activities: Mapping[str, ActivityFigures] = _NOTHING,
        consents: Mapping[str, bool] = _NOTHING,
    ) -> None:
        self._blob: bytes | None = None
        self.consents = dict(consents)
        self._parts: Parts | None = Parts(dict(attributes), dict(affinities), dict(activities), self.consents)

    @classmethod
    def of(cls, blob: bytes) -> "Profile":
        """The profile in a blob that was encoded as one; raises `Damaged` for what is none by its outline."""
        return cls._with(blob, None, _decode(_outliner, blob).consents)

    @classmethod
    def decoded(cls, blob: bytes) -> "Profile":
        """The profile in a blob; raises `Damaged` for anything else."""
        parts = _decode(_decoder, blob)
        return cls._with(blob, parts, parts.consents)

    @classmethod
    def _with(cls, blob: bytes, parts: Parts | None, consents: dict[str, bool]) -> "Profile":
        profile = cls.__new__(cls)
        profile._blob, profile._parts, profile.consents = blob, parts, consents
        return profile

    @property
    def blob(self) -> bytes:
        """A blob of it: what it was decoded from, if it was."""
        if self._blob is None:
            self._blob = _encoder.encode(self._parts)
        return self._blob

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """Values by name."""
        return self.parts.attributes

    @property
    def affinities(self) -> dict[str, dict[str, Decayed]]:
        """Weights by name and value."""
        return self.parts.affinities

    @property
    def activities(self) -> dict[str, ActivityFigures]:
        """Figures by name."""
        return self.parts.activities

    @property
    def parts(self) -> Parts:
        """All of it."""
        if self._parts is None:
            self._parts = _decode(_decoder, self.blob)
        return self._parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.parts == other.parts

    def __repr__(self) -> str:
        return f"Profile({self.attributes}, {self.affinities}, {self.activities}, {self.consents})"

    __hash__ = None  # type: ignore[assignment]


EMPTY_PROFILE = Profile()


def as_stored(values: Mapping[str, Value]) -> dict[str, AttributeValue]:
    """Checked attribute values as a profile or a record keeps them: lists as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def encode_profile(profile: Profile) -> bytes:
    """The blob of a profile; equal profiles give equal blobs, whatever they were decoded from."""
    return _encoder.encode(profile.parts)


def decode_profile(blob: bytes | None) -> Profile:
    """The profile in a blob; an absent blob is the empty profile. Raises `Damaged` for anything else."""
    return Profile.decoded(blob) if blob else EMPTY_PROFILE


def _decode(decoder: msgspec.msgpack.Decoder[Decoded], blob: bytes) -> Decoded:
    try:
        return decoder.decode(blob)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(f"it is not a profile: {error}") from error
