"""Bundles: records that are written together are one entry of the log, for each entry costs the store by itself."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

MOST = 16
"""Records in one bundle; whoever reads the log gets them all or none."""

LARGEST = 64_000
"""Bytes after which a bundle takes no more."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[bytes])

# A record is a map, a bundle an array: their first bytes differ (MessagePack's specification, "Overview").
_ARRAYS = frozenset(bytes((first,)) for first in (*range(0x90, 0xA0), 0xDC, 0xDD))


def bundled(records: Iterable[bytes]) -> Iterator[bytes]:
    """Encoded records as entries of the log, in order; one alone is its own entry."""
    bundle: list[bytes] = []
    size = 0
    for record in records:
        bundle.append(record)
        size += len(record)
        if len(bundle) == MOST or size >= LARGEST:
            yield _entry(bundle)
            bundle, size = [], 0
    if bundle:
        yield _entry(bundle)


def records_in(entry: bytes) -> Sequence[bytes]:
    """The encoded records of an entry of the log, in order; what is no bundle is given as it is."""
    if entry[:1] in _ARRAYS:
        try:
            return _decoder.decode(entry) or (entry,)
        except msgspec.DecodeError:
            pass
    return (entry,)


def _entry(bundle: list[bytes]) -> bytes:
    return bundle[0] if len(bundle) == 1 else _encoder.encode(bundle)
