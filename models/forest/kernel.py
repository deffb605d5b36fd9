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

Only these are run over the offers, parents first, as many offers at a time as have room in registers. Every offer has a
tag that says where in the tree it stands: at the leftmost leaf it can still reach. A split gives the leftmost leaf on
its right to those that stand at it and go right. (After VPred of Asadi, Lin, de Vries, "Runtime optimizations for
tree-based machine learning models", TKDE 2014, and the layer-wise traversals that followed it: one split over many rows
instead of one row over many splits.) The last tags are leaves, numbered among those the request leaves: they are so few
that they too are held in registers, where the processor has an instruction to choose among them. Leaves are added tree
by tree in float64, as LightGBM's GBDT::PredictRaw does, so sums are equal bit for bit.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.forest import block as blocks
from models.forest import instructions
from models.forest.block import Bytes, Floats, Masks, Plan, Tags, Views, unpack
from models.forest.instructions import (
    EIGHT,
    VECTOR,
    add_shuffled,
    can_shuffle,
    compress,
    count_bits,
    number_of_lanes,
    send_right,
    write_lanes,
    zero_lanes,
)
from rules import array_block

Flags = NDArray[np.bool_]
Opens = NDArray[np.void]

_OPEN = np.dtype([(name, np.uint32) for name in ("input", "mask", "limit", "here", "right")])
"""A split that a request leaves open, with the tag of the rows that stand at it and the new one of those that go right;
all but the input are repeated over 32 bits."""
_FOUR = np.uint32(0x01010101)
_BITS = 64
_SHUFFLED = 2 * EIGHT

COUNTED = 3
"""Levels that every search tree has at least."""
WIDE = 4 * VECTOR
"""Rows that go through a tree together, their tags in registers: as many as there are registers for."""


def _look_up(block: Floats, rows: NDArray[np.int64], views: Views, out: Bytes) -> None:
    """Write the bytes (inputs × rows) of some rows of a block of values (features × offers)."""
    each, boundary, first_byte, table = views
    places, values = np.empty(len(rows) + 1, np.uint32), np.empty(len(rows) + 1)
    leaves = np.empty(len(rows) + 1, np.uint32)
    taken, count = np.int64(-1), 0
    for number in range(len(each)):
        view = each[number]
        source, depth = view["source"], view["depth"]
        if source != taken:
            taken, column = source, block[source]
            # Most values of pairs are zero (affinities, matches), so zero is searched for once, before all others.
            values[0], count = 0.0, 1
            for at in range(len(rows)):
                value = column[np.uint64(rows[at])]
                places[np.uint64(count)], values[np.uint64(count)] = at, value
                count += value != 0.0
        tree = boundary[view["first"] :]
        # The first levels by counting, which compilers turn into vector instructions, as they do not the search.
        for at in range(count):
            left = np.uint32(0)
            for node in range(1, 1 << COUNTED):
                left += np.uint32(values[at] <= tree[np.uint64(node)])
            leaves[at] = (2 << COUNTED) - 1 - left
        for _ in range(COUNTED, depth):
            for at in range(count):
                # Written so that NaN is above every boundary.
                above = not values[at] <= tree[np.uint64(leaves[at])]
                leaves[at] = np.uint64(2) * np.uint64(leaves[at]) + np.uint64(above)
        for own in range(view["first_input"], view["end_input"]):
            row, origin = out[own], np.uint64(first_byte[own] - (1 << depth))
            row[: len(rows)] = table[origin + np.uint64(leaves[0])]
            for at in range(1, count):
                row[np.uint64(places[at])] = table[origin + np.uint64(leaves[at])]


look_up: Callable[..., None] = njit(cache=True, nogil=True)(_look_up)


def _settle(plan: Plan, request: Bytes) -> Masks:
    """Which leaves of each tree a request leaves (words × trees)."""
    alive = np.full((len(plan.kept), len(plan.trees) - 1), ~np.uint64(0))
    for number in range(len(plan.asks) - 1):
        ask = plan.asks[number]
        begin, end = np.uint64(ask["begin"]), np.uint64(plan.asks[number + 1]["begin"])
        byte, middle = request[ask["input"]] & ask["mask"], begin
        for limit in plan.limits[begin:end]:
            middle += np.uint64(byte > limit)
        for word in range(len(alive)):
            left, kept = alive[word], plan.kept[word]
            for at in range(begin, middle):
                left[np.uint64(plan.asked[at])] &= kept[at, np.uint64(1)]
            for at in range(middle, end):
                left[np.uint64(plan.asked[at])] &= kept[at, np.uint64(0)]
    return alive


_settled = njit(nogil=True)(_settle)


def _specialise(plan: Plan, request: Bytes) -> tuple[Opens, NDArray[np.int64], Floats]:
    """What a request leaves of the trees: open splits, where those of each tree end, and the leaves.

    A tag is the number of the leftmost leaf that is still within reach, among those alive. A tree has one leaf more
    than it has splits.
    """
    alive, repeat = _settled(plan, request), np.uint64(0xFFFFFFFF) // np.uint64((1 << 8 * plan.sides.itemsize) - 1)
    words, trees = alive.shape
    opens, ends = np.empty(len(plan.splits) + 1, _OPEN), np.zeros(trees + 1, np.int64)
    leaves, opened = np.empty(len(plan.leaves) + 2 * _SHUFFLED), np.uint64(0)
    ranks = np.empty(_BITS * words + 1, np.uint32)
    for number in range(trees):
        tree, after = plan.trees[number], plan.trees[number + 1]
        size, count, before = after["leaf"] - tree["leaf"], opened + np.uint64(number), np.uint64(0)
        for word in range(words):
            left, own = alive[word, number], ranks[_BITS * word :]
            # How many leaves alive are to the left of each.
            for at in range(min(size - _BITS * word, _BITS) + 1):
                own[at] = (before + count_bits(left & ((np.uint64(1) << np.uint64(at)) - np.uint64(1)))) * repeat
            before += count_bits(left)
            for at in range(_BITS * word, min(size, _BITS * (word + 1)), EIGHT):
                compress(plan.leaves, np.uint64(tree["leaf"] + at), left, leaves, count)
                count += count_bits(left & np.uint64(255))
                left >>= np.uint64(EIGHT)
        for at in range(np.uint64(tree["split"]), np.uint64(after["split"])):
            sides, one = plan.sides[at], opens[opened]
            first, middle, end = ranks[np.uint64(sides[0])], ranks[np.uint64(sides[1])], ranks[np.uint64(sides[2])]
            # Written in any case, and written over when it is not open: no branch, as it could not be foreseen.
            split = plan.splits[at]
            one["input"], one["mask"], one["limit"] = split["input"], split["mask"] * _FOUR, split["limit"] * _FOUR
            one["here"], one["right"] = first, middle
            opened += np.uint64((first < middle) & (middle < end))
        ends[number + 1] = opened
    return opens[:opened], ends, leaves


_specialised = njit(nogil=True)(_specialise)


def _run(
    opens: Opens, ends: NDArray[np.int64], leaves: Floats, values: Bytes, begin: int, none: Any,
    tags: Tags, sums: Floats,
) -> None:  # fmt: skip
    """Add to sums the leaves that as many rows as there are lanes come to, from row `begin` on, tree by tree.

    `none` are lanes of tag zero, with which all rows begin: the leftmost leaf alive.
    """
    flat, width = values.reshape(-1), np.uint64(values.shape[1])
    origin, own_sums = np.uint64(begin), sums[begin:]
    for tree in range(len(ends) - 1):
        lanes, first = none, np.uint64(ends[tree] + tree)
        for number in range(ends[tree], ends[tree + 1]):
            one = opens[np.uint64(number)]
            at = np.uint64(one["input"]) * width + origin
            lanes = send_right(lanes, flat, at, one["mask"], one["limit"], one["here"], one["right"])
        count = ends[tree + 1] - ends[tree] + 1
        if can_shuffle(lanes) and count <= _SHUFFLED:
            add_shuffled(lanes, leaves, first, 1, own_sums)
        elif can_shuffle(lanes) and count <= 2 * _SHUFFLED:
            add_shuffled(lanes, leaves, first, 2, own_sums)
        else:
            write_lanes(lanes, tags)
            own = leaves[first:]
            for group in range(np.uint64(0), number_of_lanes(lanes), np.uint64(VECTOR)):
                for byte in range(np.uint64(EIGHT)):
                    for word in range(np.uint64(EIGHT)):
                        tag = tags[group + np.uint64(EIGHT) * word + byte]
                        own_sums[group + np.uint64(EIGHT) * byte + word] += own[np.uint64(tag)]


_add_leaves = njit(nogil=True, inline="always")(_run)


def _pick(offers: Bytes, rows: NDArray[np.int64], whole: bool, picked: Bytes) -> None:
    """Write the bytes of some rows, in their order, from the blocks of all offers; `whole`: they are a block."""
    _, inputs, width = offers.shape
    flat, starts = offers.reshape(-1), np.empty(len(rows), np.uint32)
    for at in range(len(rows)):
        block, column = divmod(rows[at], width)
        starts[at] = block * inputs * width + column
    for number in range(inputs):
        own = picked[number]
        if whole:
            row = offers[rows[0] // width, number]
            for at in range(width):
                own[at] = row[at]
        else:
            for at in range(len(rows)):
                own[at] = flat[np.uint64(starts[at]) + np.uint64(number * width)]


_pick_rows = njit(nogil=True)(_pick)


def _scorer(inlined: int) -> Callable[..., None]:
    """The kernel, compiled anew when the number that stands for the files of what is inlined is another.

    For numba's cache on disk watches only the file of the function it compiled, but also what that closes over.
    """

    def score(block: Bytes, tag: Tags, request: Floats, pair: Floats, rows: NDArray[np.int64], scores: Floats) -> None:
        """Write the raw scores of the rows for the values of a request (features) and of pairs (features × offers).

        `block` is that of a forest, and `tag` an empty array of the type of its tags.
        """
        assert inlined
        plan, request_views, pair_views, offers = unpack(block, tag)
        asked = np.empty((len(request_views.first_byte) + 1, 1), np.uint8)
        look_up(request.reshape((-1, 1)), np.zeros(1, np.int64), request_views, asked)
        opens, ends, leaves = _specialised(plan, asked[:, 0])
        inputs, width = offers.shape[1:]
        # To pick the bytes of nearly all offers would cost more than scoring them all does.
        everyone = 10 * len(rows) > 9 * pair.shape[1]
        chosen = np.arange(pair.shape[1]) if everyone else rows
        width = width if everyone else min(width, max(-(-len(rows) // VECTOR), 1) * VECTOR)
        # An odd number of vectors, so that the values of a block do not all fall on the same few lines of the cache.
        values = np.empty((inputs + len(pair_views.first_byte), (width // VECTOR | 1) * VECTOR), np.uint8)
        sums, tags = np.zeros(len(chosen) + width), np.empty(WIDE, tag.dtype)
        for begin in range(0, len(chosen), width):
            here, own = chosen[begin : begin + width], sums[begin : begin + width]
            _pick_rows(offers, here, everyone, values)
            look_up(pair, here, pair_views, values[inputs:])
            at = 0
            while at < len(here):
                if len(here) - at > WIDE // 2 and at + WIDE <= width:
                    _add_leaves(opens, ends, leaves, values, at, zero_lanes(tags, WIDE), tags, own)
                    at += WIDE
                else:
                    _add_leaves(opens, ends, leaves, values, at, zero_lanes(tags, VECTOR), tags, own)
                    at += VECTOR
        for number in range(len(rows)):
            at = rows[number] if everyone else number
            scores[number] = sums[at & ~63 | (at & 7) << 3 | (at >> 3) & 7]

    return cast(Callable[..., None], njit(cache=True, nogil=True)(score))


score = _scorer(crc32(b"".join(Path(str(each.__file__)).read_bytes() for each in (instructions, blocks, array_block))))
