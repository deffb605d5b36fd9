"""The compiled kernel: bytes for values, a tree's open splits for a request, and the sum of the leaves.

A value matters to a forest only by which of the forest's thresholds it passes, so every value is first turned into
bytes (`Views`): the rank among at most 255 thresholds, or eight answers to "is the category in this set?". A split
then compares one byte. Offers get theirs once, when they are bound, and a split that sends all offers one way, as far
as they come to it, is taken out of the trees (`models.forest.pruning`).

A tree's leaves are numbered from left to right. A request's value at one of its splits leaves all but those of one
side, which is a bit mask; what all of a tree's masks have in common is what the request leaves of it. Of the splits on
offers and pairs only those stay open that have leaves left on both sides. (The masks are those of QuickScorer:
Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees", SIGIR
2015.)

Only these are run over the offers, parents first. Every offer has a tag that says where in the tree it stands: at the
leftmost leaf it can still reach. A split gives the leftmost leaf on its right to those that stand at it and go right.
That is one comparison of bytes per offer without a branch, which compilers turn into instructions for 16 to 64 offers
at a time. (After VPred of Asadi, Lin, de Vries, "Runtime optimizations for tree-based machine learning models", TKDE
2014, and the layer-wise traversals that followed it: one split over many rows instead of one row over many splits.)
The last tags are leaves. Leaves are added tree by tree in float64, as LightGBM's GBDT::PredictRaw does, so sums are
equal bit for bit.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.forest.plan import Plan
    from models.forest.views import Views

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]
Splits = NDArray[np.void]
Tags = NDArray[np.unsignedinteger]

SPLIT = np.dtype([("input", np.int32), ("mask", np.uint8), ("limit", np.uint8)], align=True)
"""A split: a row goes right when the byte `input` under `mask` is above `limit`."""

_OPEN = np.dtype(
    [("input", np.int32), ("tag", np.uint32), ("right", np.uint32), ("mask", np.uint8), ("limit", np.uint8)], align=True
)
"""A split that a request leaves open: the tag of the rows that stand at it, and the new tag of those that go right."""

COUNTED = 3
"""Levels that every search tree has at least."""
TOGETHER = 4
"""Trees whose leaves are added in one go, so that sums are read and written less often."""
VECTOR = 64
"""Rows are worked on in multiples of this many, the most bytes that one instruction takes."""
_BITS = 64


def _look_up(block: Floats, rows: NDArray[np.int64], views: "Views", wanted: Flags, out: Bytes) -> None:
    """Write the wanted bytes (inputs × rows) of some rows of a block of values (features × offers)."""
    source, first, depth, boundary, first_input, first_byte, table = views
    places, values = np.empty(len(rows) + 1, np.uint32), np.empty(len(rows) + 1)
    leaves = np.empty(len(rows) + 1, np.uint32)
    taken, count = -1, 0
    for view in range(len(source)):
        begin, end = first_input[view], first_input[view + 1]
        if not wanted[begin:end].any():
            continue
        if source[view] != taken:
            taken, column = source[view], block[source[view]]
            # Most values of pairs are zero (affinities, matches), so zero is searched for once, before all others.
            values[0], count = 0.0, 1
            for at in range(len(rows)):
                value = column[np.uint64(rows[at])]
                places[count], values[count] = at, value
                count += value != 0.0
        tree = boundary[first[view] :]
        # The first levels by counting, which compilers turn into vector instructions, as they do not the search.
        for at in range(count):
            left = np.uint32(0)
            for node in range(1, 1 << COUNTED):
                left += np.uint32(values[at] <= tree[np.uint64(node)])
            leaves[at] = (2 << COUNTED) - 1 - left
        for _ in range(COUNTED, depth[view]):
            for at in range(count):
                # Written so that NaN is above every boundary.
                above = not values[at] <= tree[np.uint64(leaves[at])]
                leaves[at] = np.uint64(2) * np.uint64(leaves[at]) + np.uint64(above)
        for number in range(begin, end):
            if wanted[number]:
                row, origin = out[number], np.uint64(first_byte[number] - (1 << depth[view]))
                row[: len(rows)] = table[origin + np.uint64(leaves[0])]
                for at in range(1, count):
                    row[np.uint64(places[at])] = table[origin + np.uint64(leaves[at])]


look_up: Callable[..., None] = njit(cache=True, nogil=True)(_look_up)


def _lowest_bit(context: Any, mask: Any) -> Any:  # noqa: ARG001
    """The number of the lowest bit of a mask that has any: one instruction, which numba has no name for."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ARG001
        return builder.cttz(given[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), emit


_lowest: Any = intrinsic(_lowest_bit)


def _settle(asks: Splits, kept: Masks, ask_ends: NDArray[np.int64], request: Bytes, alive: Masks) -> None:
    """Write which leaves of each tree a request leaves (trees × words); no branches, as none could be foreseen."""
    for word in range(len(kept)):
        for tree in range(len(alive)):
            left = ~np.uint64(0)
            for at in range(ask_ends[tree], ask_ends[tree + 1]):
                ask = asks[at]
                right = (request[np.uint64(ask["input"])] & ask["mask"]) > ask["limit"]
                left &= kept[word, at, 1] if right else kept[word, at, 0]
            alive[tree, word] = left


_settled = njit(cache=True, nogil=True)(_settle)


def _open(
    opens: Splits, left: Masks, right: Masks, open_ends: NDArray[np.int64], alive: Masks, words: int, splits: Splits,
    first_split: NDArray[np.int64],
) -> int:  # fmt: skip
    """Write the splits with leaves alive on both sides, and where those of each tree begin; gives how many."""
    opened = 0
    for tree in range(len(alive)):
        for at in range(open_ends[tree], open_ends[tree + 1]):
            tag, beside = np.uint64(0), np.uint64(0)
            some_left = some_right = False
            for word in range(words - 1, -1, -1):
                here, there = left[word, at] & alive[tree, word], right[word, at] & alive[tree, word]
                tag = np.uint64(_BITS * word) + _lowest(here) if here else tag
                beside = np.uint64(_BITS * word) + _lowest(there) if there else beside
                some_left |= here != 0
                some_right |= there != 0
            split, one = opens[at], splits[np.uint64(opened)]
            one["input"], one["mask"], one["limit"] = split["input"], split["mask"], split["limit"]
            one["tag"], one["right"] = tag, beside
            opened += int(some_left & some_right)
        first_split[tree + 1] = opened
    return opened


_opened = njit(nogil=True, inline="always")(_open)


def _specialise(plan: "Plan", request: Bytes) -> tuple[Splits, NDArray[np.int64], Tags]:
    """What a request leaves of the trees: open splits, where those of each tree begin, and each tree's first tag.

    A tag is the number of the leftmost leaf that is still within reach.
    """
    trees, words = len(plan.first_leaf), len(plan.kept)
    alive = np.empty((trees, words), np.uint64)
    _settled(plan.asks, plan.kept, plan.ask_ends, request, alive)
    tags = np.zeros(trees, np.uint32)
    for tree in range(trees):
        for word in range(words - 1, -1, -1):
            if alive[tree, word]:
                tags[tree] = np.uint64(_BITS * word) + _lowest(alive[tree, word])
    splits, first_split = np.empty(len(plan.opens) + 1, _OPEN), np.zeros(trees + 1, np.int64)
    # Trees are mostly of so few leaves that one word is enough, and with a constant the loop over words is none.
    if words == 1:
        opened = _opened(plan.opens, plan.left, plan.right, plan.open_ends, alive, 1, splits, first_split)
    else:
        opened = _opened(plan.opens, plan.left, plan.right, plan.open_ends, alive, words, splits, first_split)
    return splits[:opened], first_split, tags


_specialised = njit(cache=True, nogil=True)(_specialise)


def _run(
    splits: Splits,
    first_split: NDArray[np.int64],
    first_tag: Tags,
    leaves: Floats,
    first_leaf: NDArray[np.int64],
    values: Bytes,
    tags: Tags,
    sums: Floats,
) -> None:
    """Add to the sums of a block's rows the leaves that they come to, tree by tree; there are whole groups of trees."""
    # Two tags on their way through an array, so that they are of its type and comparisons remain those of bytes.
    two = np.empty(2, tags.dtype)
    for tree in range(0, len(first_leaf), TOGETHER):
        for own in range(TOGETHER):
            tag = tags[own]
            tag[:] = first_tag[tree + own]
            for number in range(first_split[tree + own], first_split[tree + own + 1]):
                split = splits[number]
                two[0], two[1] = split["tag"], split["right"]
                here, right, mask, limit = two[0], two[1], split["mask"], split["limit"]
                row = values[np.uint64(split["input"])]
                for at in range(len(tag)):
                    tag[at] = right if (tag[at] == here) & ((row[at] & mask) > limit) else tag[at]
        tag0, tag1, tag2, tag3 = tags[0], tags[1], tags[2], tags[3]
        first, second = leaves[first_leaf[tree] :], leaves[first_leaf[tree + 1] :]
        third, fourth = leaves[first_leaf[tree + 2] :], leaves[first_leaf[tree + 3] :]
        for at in range(len(sums)):
            sums[at] = sums[at] + first[tag0[at]] + second[tag1[at]] + third[tag2[at]] + fourth[tag3[at]]


_add_leaves = njit(cache=True, nogil=True)(_run)


def _pick(offers: Bytes, rows: NDArray[np.int64], whole: bool, wanted: Flags, picked: Bytes) -> None:
    """Write the wanted bytes of some rows, in their order, from the blocks of all offers; `whole`: they are a block."""
    _, inputs, width = offers.shape
    flat, starts = offers.reshape(-1), np.empty(len(rows), np.uint32)
    for at in range(len(rows)):
        block, column = divmod(rows[at], width)
        starts[at] = block * inputs * width + column
    for number in range(inputs):
        if whole:
            row, own = offers[rows[0] // width, number], picked[number]
            for at in range(width):
                own[at] = row[at]
        elif wanted[number]:
            for at in range(len(rows)):
                picked[number, at] = flat[np.uint64(starts[at]) + np.uint64(number * width)]


_pick_rows = njit(cache=True, nogil=True)(_pick)


def _score(
    plan: "Plan",
    offers: Bytes,
    request_views: "Views",
    request: Floats,
    pair_views: "Views",
    pair: Floats,
    rows: NDArray[np.int64],
    tag: Tags,
) -> Floats:
    """Raw scores of the rows.

    `offers` is (blocks × inputs × width), `pair` (features × offers), and `tag` has the type of tags.
    """
    asked = np.empty((len(request_views.first_byte) + 1, 1), np.uint8)
    look_up(request, np.zeros(1, np.int64), request_views, np.ones(len(asked), np.bool_), asked)
    splits, first_split, first_tag = _specialised(plan, asked[:, 0])
    inputs, width = offers.shape[1:]
    wanted = np.zeros(inputs + len(pair_views.first_byte), np.bool_)
    for number in range(len(splits)):
        wanted[splits[number]["input"]] = True
    # To pick the bytes of nearly all offers would cost more than scoring them all does.
    everyone = 10 * len(rows) > 9 * pair.shape[1]
    chosen = np.arange(pair.shape[1]) if everyone else rows
    width = width if everyone else min(width, max(-(-len(rows) // VECTOR), 1) * VECTOR)
    values, tags = np.empty((len(wanted), width), np.uint8), np.empty((TOGETHER, width), tag.dtype)
    sums = np.zeros(len(chosen) + width)
    for begin in range(0, len(chosen), width):
        block = chosen[begin : begin + width]
        _pick_rows(offers, block, everyone, wanted, values)
        look_up(pair, block, pair_views, wanted[inputs:], values[inputs:])
        _add_leaves(
            splits, first_split, first_tag, plan.leaves, plan.first_leaf, values, tags, sums[begin : begin + width]
        )
    return sums[rows] if everyone else sums[: len(rows)].copy()


score: Callable[..., Floats] = njit(cache=True, nogil=True)(_score)
