"""Contact history: fixed-size records in one byte string, read without copying."""

import zlib
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from rules.ids import DecisionId, Instant, OfferId
from rules.workspace import CHANNELS, Channel

CONTACT = np.dtype(
    [("at", "<i8"), ("offer", "<u8"), ("kind", "<u4"), ("channel", "u1"), ("rank", "u1"), ("tag", "<u2")]
)
"""One contact, 24 bytes: `Instant`, offer key, kind key, index into `CHANNELS`, rank from 1, tag of its decision.

Rank and tag are 0 when unknown.
"""

_RECORD = Struct("<qQIBBH")
"""The same layout for one record at a time: an array of one costs ten times as much."""

ContactHistory = NDArray[np.void]
"""Records of dtype `CONTACT`, in the order they were appended (not always by time)."""

_MOMENT = Struct("<q16x")
"""A record's moment alone."""

_FEW = 16
"""So many contacts are gone through one by one before an array of them is made."""

_MOMENTS = CONTACT.itemsize // 8
"""Every so many whole numbers of 64 bits, the first of which is the first one's moment, a contact begins."""

_CHANNEL_INDEX = {channel: index for index, channel in enumerate(CHANNELS)}

DECISION_KIND = "decision"
"""The kind of contact that a decision itself is, for every offer it shows."""

IMPRESSION_KIND = "impression"
"""The kind of contact that an offer is which was seen."""

LINK_KIND = ""
"""The kind of what is no contact but a visitor's link made or taken back: nothing counts what has no name."""

MOST_COUNTED = 2_048
"""As many of the latest contacts are in a history, however long it was and whatever they are."""

NO_CONTACTS: ContactHistory = np.empty(0, CONTACT)
# Read-only like every history from a store: a compiled kernel takes one or the other.
NO_CONTACTS.flags.writeable = False


@lru_cache(maxsize=65_536)
def offer_key(offer: OfferId) -> int:
    """The 64-bit key of an offer in contact records, stable across catalogue versions."""
    return int.from_bytes(blake2b(offer.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=1_024)
def kind_key(kind: str) -> int:
    """The 32-bit key of a contact kind: `decision`, `impression` or an outcome kind."""
    return zlib.crc32(kind.encode())


def decision_tag(decision: DecisionId) -> int:
    """The 16-bit tag of a decision, never 0: it tells which of a subject's few contacts with an offer belong together.

    Two decisions share one by chance, one time in 65,535.
    """
    return zlib.crc32(decision.encode()) % 65_535 + 1


def contact_record(at: Instant, offer: OfferId, kind: str, channel: Channel, rank: int, tag: int = 0) -> bytes:
    """One contact as 24 bytes, ready to be appended; `tag` is that of the decision it belongs to."""
    return _RECORD.pack(at, offer_key(offer), kind_key(kind), _CHANNEL_INDEX[channel], min(rank, 255), tag)


def decision_contacts(at: Instant, offers: Iterable[OfferId], channel: Channel, decision: DecisionId) -> list[bytes]:
    """The contacts that a decision makes with the offers it shows, in the order of their ranks."""
    pack, kind, index, tag = _RECORD.pack, kind_key(DECISION_KIND), _CHANNEL_INDEX[channel], decision_tag(decision)
    return [pack(at, offer_key(offer), kind, index, min(rank, 255), tag) for rank, offer in enumerate(offers, 1)]


def read_contacts(blob: bytes | None) -> ContactHistory:
    """The history in a blob; a torn last record is left out."""
    if not blob:
        return NO_CONTACTS
    return np.frombuffer(blob, CONTACT, count=len(blob) // CONTACT.itemsize)


def latest_in(blob: bytes) -> int:
    """When the latest contact of a history in a blob was; there is one at least."""
    count = len(blob) // CONTACT.itemsize
    if count <= _FEW:
        latest: int = max(_MOMENT.iter_unpack(blob[: count * CONTACT.itemsize]))[0]
        return latest
    moments = moments_in(blob)
    # Where it is and then what it is: `max` goes the long way round.
    return int(moments.item(moments.argmax()))


def moments_in(blob: bytes) -> NDArray[np.int64]:
    """When the contacts of a history in a blob were, in its order: `read_contacts(blob)["at"]`, in half the time."""
    return np.frombuffer(blob, "<i8", len(blob) // CONTACT.itemsize * _MOMENTS)[::_MOMENTS]
