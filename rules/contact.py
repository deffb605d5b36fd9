"""Contact history: fixed-size records in one byte string, read without copying."""

import zlib
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from rules.ids import Instant, OfferId
from rules.workspace import CHANNELS, Channel

CONTACT = np.dtype([("when", "<i8"), ("what", "<u8")])
"""One contact, 16 bytes.

`when` is, from the highest bit, the `Instant` (48 bits), the rank from 1 (8 bits, 0 when unknown) and the index into
`CHANNELS` (8 bits); `what` is the offer's key and the kind's.
"""

MOMENT_SHIFT = 16
"""`when` without so many bits is the `Instant`."""

KIND_BITS = 22
"""How many of `what` are the kind's key; the offer's has the other 42.

That two of ten kinds share a key is as unlikely as that two of 10,000 offers do: one to 90,000.
"""

_RECORD = Struct("<qQ")
"""The same layout for one record at a time: an array of one costs ten times as much."""

ContactHistory = NDArray[np.void]
"""Records of dtype `CONTACT`, in the order they were appended (not always by time)."""

DECISION_KIND = "decision"
"""The kind of contact that a decision itself is, for every offer it shows."""

NO_CONTACTS: ContactHistory = np.empty(0, CONTACT)
# Read-only like every history from a store: a compiled kernel takes one or the other.
NO_CONTACTS.flags.writeable = False


def offer_key(offer: OfferId) -> int:
    """The key of an offer in contact records, stable across catalogue versions."""
    return int.from_bytes(blake2b(offer.encode(), digest_size=8).digest(), "little") >> KIND_BITS


def kind_key(kind: str) -> int:
    """The key of a contact kind: `decision`, `impression` or an outcome kind."""
    return zlib.crc32(kind.encode()) & ((1 << KIND_BITS) - 1)


@lru_cache(maxsize=65_536)
def contact_key(offer: OfferId, kind: str) -> int:
    """The `what` of a contact: both keys as one."""
    return offer_key(offer) << KIND_BITS | kind_key(kind)


def contact_record(at: Instant, offer: OfferId, kind: str, channel: Channel, rank: int) -> bytes:
    """One contact as 16 bytes, ready to be appended."""
    when = at << MOMENT_SHIFT | min(rank, 255) << 8 | CHANNELS.index(channel)
    return _RECORD.pack(when, contact_key(offer, kind))


def read_contacts(blob: bytes | None) -> ContactHistory:
    """The history in a blob; a torn last record is left out."""
    if not blob:
        return NO_CONTACTS
    return np.frombuffer(blob, CONTACT, count=len(blob) // CONTACT.itemsize)


def moments(history: ContactHistory) -> NDArray[np.int64]:
    """When each contact was, as an `Instant`."""
    when: NDArray[np.int64] = history["when"]
    return when >> MOMENT_SHIFT
