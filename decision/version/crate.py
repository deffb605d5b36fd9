"""A snapshot as bytes that another process of this same program unpacks, a piece at a time.

Nobody waits longer than for one piece: whoever unpacks lets others have a turn in between. The pieces are pickles of
one pickler, so what stands in an earlier one is only referred to in a later one. They are for a process and its own
child alone: who could send others, could have anything run.
"""

import io
import pickle
from collections.abc import Iterator

import msgspec

from decision.engine.snapshot import Snapshot

_TREES = 64
"""Of a forest in one piece."""

_OFFERS = 256
"""Of which the creatives are in one piece."""


class Crate(msgspec.Struct, frozen=True):
    """A packed snapshot; `pieces` is how many there are one after the other."""

    data: bytes
    pieces: int


def pack(snapshot: Snapshot) -> Crate:
    """The snapshot in pieces that take a few milliseconds each."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 5)
    count = 0
    for count, part in enumerate(parts(snapshot), 1):  # noqa: B007
        pickler.dump(part)
    return Crate(stream.getvalue(), count)


def unpack(crate: Crate) -> Iterator[Snapshot | None]:
    """None after each piece, and after the last one the snapshot."""
    unpickler = pickle.Unpickler(io.BytesIO(crate.data))
    for left in range(crate.pieces - 1, -1, -1):
        part = unpickler.load()
        yield None if left else part


def parts(snapshot: Snapshot) -> Iterator[object]:
    """What a snapshot is made of, each part before those that refer to it, itself at last."""
    offers = snapshot.catalogue.offers
    for first in range(0, len(offers), _OFFERS):
        yield offers.creatives[first : first + _OFFERS]
    yield offers
    yield from snapshot.catalogue.placements.values()
    yield from snapshot.catalogue.arms.values()
    yield snapshot.catalogue
    for model in (*snapshot.models.values(), *snapshot.challengers.values()):
        trees = model.forest.trees if model.forest is not None else ()
        for first in range(0, len(trees), _TREES):
            yield trees[first : first + _TREES]
        yield model
    yield snapshot.features
    for ready in (*snapshot.placements.values(), *snapshot.arms.values()):
        yield ready.bound
        yield ready
    yield snapshot
