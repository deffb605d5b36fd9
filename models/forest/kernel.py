"""The compiled kernel: bytes for values, a tree's open splits for a request, and the sum of the leaves.

A value matters to a forest only by which of the forest's thresholds it passes, so every value is first turned into
bytes (`Views`): the rank among at most 255 thresholds, or eight answers to "is the category in this set?". A split
then compares one byte. Offers get theirs once, when they are bound, and a split that sends all offers one way, as far
as they come to it, is taken out of the trees; a request's values pick a way at each of its splits, which leaves of
every tree the few splits that are open: on the offer or on the pair.

Only these are run over the offers, parents first. Every offer has a tag that says where in the tree it stands; a split
gives a new tag to those that stand at it and go right. That is one comparison of bytes per offer without a branch,
which compilers turn into instructions for 16 to 64 offers at a time. (After VPred of Asadi, Lin, de Vries, "Runtime
optimizations for tree-based machine learning models", TKDE 2014, and the layer-wise traversals that followed it: one
split over many rows instead of one row over many splits.) The last tags are leaves. Leaves are added tree by tree in
float64, as LightGBM's GBDT::PredictRaw does, so sums are equal bit for bit.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.forest.views import Views

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Nodes = NDArray[np.void]
"""Splits, tree by tree and parents first; a child is the number of a split, or `~leaf`."""
Tags = NDArray[np.unsignedinteger]

NODE = np.dtype(
    [
        ("left", np.int32), ("right", np.int32), ("input", np.int32),
        ("mask", np.uint8), ("limit", np.uint8), ("request", np.bool_),
    ],
    align=True,
)  # fmt: skip
"""A split: a row goes right when the byte `input` of the request, or else of the offer or pair, under `mask` is above
`limit`."""

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
_NOWHERE = -(2**31)


def _look_up(block: Floats, rows: NDArray[np.int64], views: "Views", wanted: Flags, out: Bytes) -> None:
    """Write the wanted bytes (inputs × rows) of some rows of a block of values (features × offers)."""
    source, first, depth, boundary, first_input, first_byte, table = views
    places, values = np.empty(len(rows) + 1, np.uint32), np.empty(len(rows) + 1)
    leaves = np.empty(len(rows) + 1, np.uint32)
    for view in range(len(source)):
        begin, end = first_input[view], first_input[view + 1]
        if not wanted[begin:end].any():
            continue
        column, tree = block[source[view]], boundary[first[view] :]
        # Most values of pairs are zero (affinities, matches), so zero is searched for once, before all others.
        values[0], count = 0.0, 1
        for at in range(len(rows)):
            value = column[np.uint64(rows[at])]
            places[count], values[count] = at, value
            count += value != 0.0
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


def _send(come: Flags, row: Bytes, mask: int, limit: int, side: int, sent: Flags) -> bool:
    """Mark those of the offers that come to a split which it sends to a side, and tell whether there are any."""
    some = False
    for at in range(len(come)):
        sent[at] = come[at] & (((row[at] & mask) > limit) == (side == 1))
        some |= sent[at]
    return some


_sends = njit(cache=True, nogil=True)(_send)


def _follow(nodes: Nodes, taken: Flags, node: int) -> int:
    """The first node that is not left out, from a node on."""
    while node >= 0 and not (taken[node, 0] and taken[node, 1]):
        node = nodes[node]["right"] if taken[node, 1] else nodes[node]["left"]
    return node


_first_kept = njit(cache=True, nogil=True)(_follow)


def _prune(nodes: Nodes, roots: NDArray[np.int64], offers: Bytes, count: int) -> None:
    """Take out, in place, the splits that send all offers that come to them to one side.

    `offers` is (inputs × offers), of which the first `count` are real.
    """
    taken = np.ones((len(nodes), 2), np.bool_)
    stop = len(nodes)
    for tree in range(len(roots) - 1, -1, -1):
        root = roots[tree]
        if root < 0:
            continue
        # Which offers come to each split of the tree; the last row is for leaves.
        come = np.ones((stop - root + 1, count), np.bool_)
        for node in range(root, stop):
            split, here = nodes[node], come[node - root]
            for side in range(2):
                child = split["right"] if side else split["left"]
                there = come[child - root] if child >= 0 else come[-1]
                if split["request"] or split["input"] >= len(offers):
                    there[:] = here
                else:
                    row = offers[split["input"]]
                    taken[node, side] = _sends(here, row, split["mask"], split["limit"], side, there)
        stop = root
    for node in range(len(nodes)):
        nodes[node]["left"] = _first_kept(nodes, taken, nodes[node]["left"])
        nodes[node]["right"] = _first_kept(nodes, taken, nodes[node]["right"])
    for tree in range(len(roots)):
        roots[tree] = _first_kept(nodes, taken, roots[tree])


prune: Callable[..., None] = njit(cache=True, nogil=True)(_prune)


def _specialise(
    nodes: Nodes, roots: NDArray[np.int64], leaves: Floats, request: Bytes
) -> tuple[Nodes, NDArray[np.int64], Floats, NDArray[np.int64]]:
    """What a request leaves of the trees: open splits and the leaves by tag, and where those of each tree begin.

    A tree begins with tag 0; every open split, parents first, gives the next tag to its right side.
    """
    # The next node from each node as far as the request knows; no branches here, as no processor could foresee them.
    following = np.empty(len(nodes), np.int32)
    for at in range(len(nodes)):
        node = nodes[at]
        known = node["request"]
        right = known & ((request[node["input"] if known else 0] & node["mask"]) > node["limit"])
        following[at] = node["right"] if right else node["left"]
    splits, first_split = np.empty(len(nodes) + 1, _OPEN), np.zeros(len(roots) + 1, np.int64)
    values, first_value = np.empty(len(leaves) + len(roots)), np.empty(len(roots), np.int64)
    waiting, tags = np.empty(len(nodes) + 2, np.int32), np.empty(len(nodes) + 2, np.uint32)
    waiting[0], tags[0] = _NOWHERE, 0
    opened = begin = 0
    for tree in range(len(roots)):
        first_value[tree] = begin
        at, tag, used, depth = int(roots[tree]), 0, 1, 1
        while at != _NOWHERE:
            if at < 0:
                values[np.uint64(begin + tag)] = leaves[np.uint64(~at)]
                depth -= 1
                at, tag = int(waiting[np.uint64(depth)]), int(tags[np.uint64(depth)])
                continue
            # What belongs to an open split is written for the others too, and then written over.
            node, one = nodes[np.uint64(at)], splits[np.uint64(opened)]
            one["input"], one["mask"], one["limit"] = node["input"], node["mask"], node["limit"]
            one["tag"], one["right"] = tag, used
            waiting[np.uint64(depth)], tags[np.uint64(depth)] = node["right"], used
            kept = int(not node["request"])
            opened, depth, used = opened + kept, depth + kept, used + kept
            at = int(following[np.uint64(at)])
        begin += used
        first_split[tree + 1] = opened
    return splits[:opened], first_split, values, first_value


_specialised = njit(cache=True, nogil=True)(_specialise)


def _run(
    splits: Nodes,
    first_split: NDArray[np.int64],
    values: Floats,
    first_value: NDArray[np.int64],
    offers: Bytes,
    pairs: Bytes,
    tags: Tags,
    sums: Floats,
) -> None:
    """Add to the sums of a block's rows the leaves that they come to, tree by tree; there are whole groups of trees."""
    # Two tags on their way through an array, so that they are of its type and comparisons remain those of bytes.
    two = np.empty(2, tags.dtype)
    for tree in range(0, len(first_value), TOGETHER):
        for own in range(TOGETHER):
            tag = tags[own]
            tag[:] = 0
            for number in range(first_split[tree + own], first_split[tree + own + 1]):
                split = splits[number]
                two[0], two[1] = split["tag"], split["right"]
                here, right, mask, limit = two[0], two[1], split["mask"], split["limit"]
                row = offers[split["input"]] if split["input"] < len(offers) else pairs[split["input"] - len(offers)]
                for at in range(len(tag)):
                    tag[at] = right if (tag[at] == here) & ((row[at] & mask) > limit) else tag[at]
        tag0, tag1, tag2, tag3 = tags[0], tags[1], tags[2], tags[3]
        first, second = values[first_value[tree] :], values[first_value[tree + 1] :]
        third, fourth = values[first_value[tree + 2] :], values[first_value[tree + 3] :]
        for at in range(len(sums)):
            sums[at] = sums[at] + first[tag0[at]] + second[tag1[at]] + third[tag2[at]] + fourth[tag3[at]]


_add_leaves = njit(cache=True, nogil=True)(_run)


def _pick(offers: Bytes, rows: NDArray[np.int64], wanted: Flags, picked: Bytes) -> None:
    """Write the wanted bytes of some rows, in their order, from the blocks of all offers."""
    _, inputs, width = offers.shape
    flat, starts = offers.reshape(-1), np.empty(len(rows), np.uint32)
    for at in range(len(rows)):
        block, column = divmod(rows[at], width)
        starts[at] = block * inputs * width + column
    for number in range(len(picked)):
        if wanted[number]:
            for at in range(len(rows)):
                picked[number, at] = flat[np.uint64(starts[at]) + np.uint64(number * width)]


_pick_rows = njit(cache=True, nogil=True)(_pick)


def _score(
    nodes: Nodes,
    roots: NDArray[np.int64],
    leaves: Floats,
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
    splits, first_split, values, first_value = _specialised(nodes, roots, leaves, asked[:, 0])
    inputs, width = offers.shape[1:]
    wanted = np.zeros(inputs + len(pair_views.first_byte), np.bool_)
    for number in range(len(splits)):
        wanted[splits[number]["input"]] = True
    # To pick the bytes of most of the offers would cost more than scoring them all does.
    everyone = 3 * len(rows) > 2 * pair.shape[1]
    chosen = np.arange(pair.shape[1]) if everyone else rows
    width = width if everyone else min(width, (len(rows) // VECTOR + 1) * VECTOR)
    picked = np.empty((0 if everyone else inputs, width), np.uint8)
    pairs, tags = np.empty((len(wanted) - inputs, width), np.uint8), np.empty((TOGETHER, width), tag.dtype)
    sums = np.zeros(len(chosen) + width)
    for begin in range(0, len(chosen), width):
        block = chosen[begin : begin + width]
        _pick_rows(offers, block, wanted, picked)
        own = offers[begin // width] if everyone else picked
        look_up(pair, block, pair_views, wanted[inputs:], pairs)
        _add_leaves(splits, first_split, values, first_value, own, pairs, tags, sums[begin : begin + width])
    return sums[rows] if everyone else sums[: len(rows)].copy()


score: Callable[..., Floats] = njit(cache=True, nogil=True)(_score)
