"""Contact history: fixed-size records in one byte string, read without copying."""

import zlib
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from rules.ids import Instant, OfferId
from rules.workspace import CHANNELS, Channel

CONTACT = np.dtype(
    [("at", "<i8"), ("offer", "<u8"), ("kind", "<u4"), ("channel", "u1"), ("rank", "u1"), ("spare", "<u2")]
)
"""One contact, 24 bytes: `Instant`, offer key, kind key, index into `CHANNELS`, rank from 1 (0 when unknown)."""

_RECORD = Struct("<qQIBBH")
"""The same layout for one record at a time: an array of one costs ten times as much."""

ContactHistory = NDArray[np.void]
"""Records of dtype `CONTACT`, in the order they were appended (not always by time)."""

DECISION_KIND = "decision"
"""The kind of contact that a decision itself is, for every offer it shows."""

NO_CONTACTS: ContactHistory = np.empty(0, CONTACT)
# Read-only like every history from a store: a compiled kernel takes one or the other.
NO_CONTACTS.flags.writeable = False


@lru_cache(maxsize=65_536)
def offer_key(offer: OfferId) -> int:
    """The 64-bit key of an offer in contact records, stable across catalogue versions."""
    return int.from_bytes(blake2b(offer.encode(), digest_size=8).digest(), "little")


def kind_key(kind: str) -> int:
    """The 32-bit key of a contact kind: `decision`, `impression` or an outcome kind."""
    return zlib.crc32(kind.encode())


def contact_record(at: Instant, offer: OfferId, kind: str, channel: Channel, rank: int) -> bytes:
    """One contact as 24 bytes, ready to be appended."""
    return _RECORD.pack(at, offer_key(offer), kind_key(kind), CHANNELS.index(channel), min(rank, 255), 0)


def read_contacts(blob: bytes | None) -> ContactHistory:
    """The history in a blob; a torn last record is left out."""
    if not blob:
        return NO_CONTACTS
    return np.frombuffer(blob, CONTACT, count=len(blob) // CONTACT.itemsize)
