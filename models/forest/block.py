"""A bound forest in one block of memory, as its kernel takes it."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.array_block import pack, part

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]
Splits = NDArray[np.void]
Tags = NDArray[np.unsignedinteger]

ASK = np.dtype([("input", np.int64), ("mask", np.uint8), ("begin", np.int64)], align=True)
"""The splits from `begin` on that compare the byte `input` of the request under `mask`."""

SPLIT = np.dtype([("input", np.uint32), ("mask", np.uint8), ("limit", np.uint8)])
"""A split: a row goes right when the byte `input` under `mask` is above `limit`."""

TREE = np.dtype([("leaf", np.int64), ("split", np.int64)])
"""Where the leaves and the splits of a tree begin."""

VIEW = np.dtype([(name, np.int64) for name in ("source", "first", "depth", "first_input", "end_input")])
"""Where a view is in `Views`."""


class Plan(NamedTuple):
    """The splits of all trees by who decides them, and the leaves of each tree from left to right.

    Those that a request decides are in the order of what they compare and then of their limits: `asks` tells where each
    of these begins, `limits` and `asked` give limit and tree of each, and `kept` (words × splits × 2) the leaves that
    are left when it goes left, and right. Sets of a tree's leaves are bit masks of as many words as the largest tree
    needs; the lowest bit is the leftmost leaf. All others are `splits`, in the order of trees, parents first: `sides`
    (splits × 3) gives the numbers of the first leaf on the left of each, of the one in the middle that its right begins
    with, and of the one after the end. `asks` and `trees` have one more row, which is the end of all. After the last
    leaf there is room for as many as are read at a time. The type of `sides` is the smallest for a number of leaves of
    a tree.
    """

    asks: NDArray[np.void]
    limits: Bytes
    asked: NDArray[np.uint32]
    kept: Masks
    splits: Splits
    sides: Tags
    trees: NDArray[np.void]
    leaves: Floats


class Views(NamedTuple):
    """The views of one binding, as the kernel reads them.

    A view reads row `source` of the block of values. Its boundaries are a search tree of `depth` levels from `first`
    on in `boundary`, the children of node n at 2n and 2n + 1. It gives the bytes `first_input` to before `end_input`;
    `byte` has from `first_byte[b]` on what byte b is at the leaves of the search tree.
    """

    each: NDArray[np.void]
    boundary: Floats
    first_byte: NDArray[np.int64]
    byte: Bytes


def pack_forest(plan: Plan, request: Views, pair: Views, offers: Bytes) -> Bytes:
    """One block of a plan, the views of requests and of pairs, and the offers' bytes (blocks × inputs × width)."""
    return pack((*plan, *request, *pair, offers, np.array([*plan.kept.shape, *offers.shape], np.int64)))


def _views_from(block: Bytes, first: int) -> Views:
    return Views(
        part(block, first, VIEW),
        part(block, first + 1, np.float64),
        part(block, first + 2, np.int64),
        part(block, first + 3, np.uint8),
    )


def _unpack(block: Bytes, tag: Tags) -> tuple[Plan, Views, Views, Bytes]:
    """What is in a block, for as long as the caller holds it; `tag` is any array of the type of the plan's `sides`."""
    words, splits, sides, blocks, inputs, width = part(block, 17, np.int64)
    plan = Plan(
        part(block, 0, ASK),
        part(block, 1, np.uint8),
        part(block, 2, np.uint32),
        part(block, 3, np.uint64).reshape((words, splits, sides)),
        part(block, 4, SPLIT),
        part(block, 5, tag.dtype).reshape((-1, 3)),
        part(block, 6, TREE),
        part(block, 7, np.float64),
    )
    return plan, _views(block, 8), _views(block, 12), part(block, 16, np.uint8).reshape((blocks, inputs, width))


_views = njit(nogil=True)(_views_from)
unpack: Any = njit(nogil=True)(_unpack)
"""For compiled functions alone."""
