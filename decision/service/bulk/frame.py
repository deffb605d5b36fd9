"""What a worker and its bulk processes say to each other: frames, each behind its length.

The worker sends batches; the process sends the answers to each, in the same order, as they go to the caller. An empty
frame of the process is a sign of life; the first one says that it is ready.
"""

import asyncio

import msgspec

from decision.access.api_keys import ApiKey
from decision.engine.snapshot import Snapshot

LENGTH_BYTES = 4

ALIVE = bytes(LENGTH_BYTES)
"""The empty frame."""

Line = tuple[int, bytes | None]
"""One line of a bulk that is not empty: its number, from 1, and its text, None where that was too long to keep."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Lines that came one after another, at least one, and whose they are.

    `serving` are the versions that the worker serves, so that no process answers with older ones. `bulk` is the name of
    one that may be sent again.
    """

    key: ApiKey
    serving: tuple[str, ...]
    lines: list[Line]
    bulk: str | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


def serving(snapshot: Snapshot | None) -> tuple[str, ...]:
    """The versions that a snapshot is made of."""
    if snapshot is None:
        return ()
    models = (*snapshot.models.values(), *snapshot.challengers.values())
    return snapshot.catalogue.version, *sorted(model.version for model in models)


def encode_batch(batch: Batch) -> bytes:
    """A batch for `decode_batch`."""
    return _encoder.encode(batch)


def decode_batch(body: bytes) -> Batch:
    """The batch in a frame."""
    return _decoder.decode(body)


def frame(body: bytes) -> bytes:
    """A body with its length before it."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The body of the next frame; None once the other side has closed. Raises `OSError`."""
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        return await reader.readexactly(length) if length else b""
    except asyncio.IncompleteReadError:
        return None
