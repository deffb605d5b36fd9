"""A forest laid out in arrays: leaves numbered left to right, splits grouped by the binding of their feature.

Every split knows which leaves stay possible on either side of it, as bits: `keep_left` has all leaves but those of
its right side, `keep_right` all but those of its left side. With leaves numbered left to right both are one run of
cleared bits. W words hold the largest tree: one of 16 or 32 bits where that is enough, else words of 64 bits.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.forest.forest import Floats, Forest, Missing, Split, Tree
from models.forest.kernel import (
    CODED_CATEGORY,
    NAN_LEFT,
    NAN_RIGHT,
    NAN_ZERO,
    WHOLE_CATEGORY,
    ZERO_LEFT,
    ZERO_RIGHT,
    Masks,
)
from rules.expression import Binding

_WIDEST = np.dtype(np.uint64)
_WIDTHS = (np.dtype(np.uint16), np.dtype(np.uint32), _WIDEST)

_KINDS = {
    (Missing.NONE, False): NAN_ZERO,
    (Missing.NONE, True): NAN_ZERO,
    (Missing.NAN, False): NAN_RIGHT,
    (Missing.NAN, True): NAN_LEFT,
    (Missing.ZERO, False): ZERO_RIGHT,
    (Missing.ZERO, True): ZERO_LEFT,
}


class Views(NamedTuple):
    """The prepared inputs that splits compare with: one per feature and way of treating missing values.

    `source` is the row in the block of feature values, `kind` one of the kernel's, `codes` from `start` to before
    `stop` the sorted codes of a categorical string.
    """

    source: NDArray[np.int64]
    kind: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    codes: Floats


class Splits(NamedTuple):
    """The splits of one binding, tree by tree: those of tree t are `first[t]` to before `first[t + 1]`.

    `input` says which prepared input is compared; `threshold` is for numerical splits; a categorical one has its words
    of the bit set from `set_start` to before `set_stop` (equal for a numerical one: `set_start` is -1).
    """

    first: NDArray[np.int64]
    input: NDArray[np.int64]
    threshold: Floats
    set_start: NDArray[np.int64]
    set_stop: NDArray[np.int64]
    sets: NDArray[np.uint32]
    keep_left: Masks
    keep_right: Masks


class Leaves(NamedTuple):
    """All leaves' values, left to right, those of tree t from `first[t]` on; `alive` (trees × W) has a bit for each."""

    first: NDArray[np.int64]
    value: Floats
    alive: Masks


class Layout(msgspec.Struct, frozen=True, eq=False):
    """The whole forest: leaves, and splits with their views by binding."""

    leaves: Leaves
    splits: Mapping[Binding, Splits]
    views: Mapping[Binding, Views]


class _Placed(msgspec.Struct, frozen=True):
    """A split with the leaves below it: its left side is low to before middle, its right side middle to before high."""

    tree: int
    split: Split
    low: int
    middle: int
    high: int


def lay_out(forest: Forest, place: Callable[[int], tuple[Binding, int]], codes: Mapping[int, Sequence[int]]) -> Layout:
    """The layout of a forest.

    `place` gives a feature's binding and its row in the block of that binding; `codes` the sorted codes of each
    categorical feature over strings (other categorical features are whole numbers already).
    """
    largest = max((len(tree.leaves) for tree in forest.trees), default=1)
    words, width = (largest + 63) // 64, next((width for width in _WIDTHS if largest <= 8 * width.itemsize), _WIDEST)
    placed: dict[Binding, list[_Placed]] = {binding: [] for binding in Binding}
    values, alive = [], np.zeros((len(forest.trees), words), width)
    for number, tree in enumerate(forest.trees):
        order, found = _left_to_right(number, tree)
        values.append(tree.leaves[order])
        alive[number] = _bits(0, len(order), alive)
        for one in found:
            placed[place(one.split.feature)[0]].append(one)
    first = np.cumsum([0, *map(len, values)], dtype=np.int64)
    leaves = Leaves(first, np.concatenate([*values, np.zeros(0)]), alive)
    splits, views = {}, {}
    for binding, found in placed.items():
        keys = {_view(one.split, place, codes): None for one in found}
        numbers = {key: number for number, key in enumerate(keys)}
        splits[binding] = _splits(found, [numbers[_view(one.split, place, codes)] for one in found], alive)
        views[binding] = _views(list(keys), codes)
    return Layout(leaves, splits, views)


def _left_to_right(number: int, tree: Tree) -> tuple[list[int], list[_Placed]]:
    """The leaves from left to right, and the splits with the runs of leaves on their sides, parents first."""
    if not tree.splits:
        return [0], []
    order: list[int] = []
    low: dict[int, int] = {}
    middle: dict[int, int] = {}
    high: dict[int, int] = {}
    # Each split comes by three times: before its left side, between the sides, and after its right side.
    waiting: list[tuple[int, int]] = [(0, 0)]
    while waiting:
        node, times = waiting.pop()
        if node < 0:
            order.append(~node)
        elif times == 0:
            low[node] = len(order)
            waiting += [(node, 1), (tree.splits[node].left, 0)]
        elif times == 1:
            middle[node] = len(order)
            waiting += [(node, 2), (tree.splits[node].right, 0)]
        else:
            high[node] = len(order)
    return order, [_Placed(number, tree.splits[node], low[node], middle[node], high[node]) for node in low]


_ViewKey = tuple[int, int, int]


def _view(split: Split, place: Callable[[int], tuple[Binding, int]], codes: Mapping[int, Sequence[int]]) -> _ViewKey:
    """What distinguishes a prepared input: row of the block, kind, and feature whose codes it needs (-1 for none)."""
    row = place(split.feature)[1]
    if split.categories is None:
        return row, _KINDS[split.missing, split.missing_left], -1
    if split.feature in codes:
        return row, CODED_CATEGORY, split.feature
    return row, WHOLE_CATEGORY, -1


def _views(keys: list[_ViewKey], codes: Mapping[int, Sequence[int]]) -> Views:
    parts = [np.asarray(codes[feature] if feature >= 0 else (), np.float64) for _, _, feature in keys]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    source, kind = (np.array([key[at] for key in keys], np.int64) for at in (0, 1))
    return Views(source, kind, ends[:-1].copy(), ends[1:].copy(), np.concatenate([*parts, np.zeros(0)]))


def _splits(found: list[_Placed], views: list[int], alive: Masks) -> Splits:
    first = np.searchsorted([one.tree for one in found], np.arange(len(alive) + 1)).astype(np.int64)
    sets = [one.split.categories for one in found]
    ends = np.cumsum([0, *(len(members or ()) for members in sets)], dtype=np.int64)
    numerical = np.array([members is None for members in sets], np.bool_)
    shape = (-1, alive.shape[1])
    left = np.array([_bits(one.low, one.middle, alive) for one in found], alive.dtype).reshape(shape)
    right = np.array([_bits(one.middle, one.high, alive) for one in found], alive.dtype).reshape(shape)
    return Splits(
        first=first,
        input=np.array(views, np.int64),
        threshold=np.array([one.split.threshold for one in found], np.float64),
        set_start=np.where(numerical, -1, ends[:-1]),
        set_stop=np.where(numerical, -1, ends[1:]),
        sets=np.array([word for members in sets for word in members or ()], np.uint32),
        keep_left=~right,
        keep_right=~left,
    )


def _bits(low: int, high: int, like: Masks) -> Masks:
    """A mask with the bits low to before high set, as a row of another array of masks."""
    width = 8 * like.dtype.itemsize
    run = (1 << high) - (1 << low)
    return np.array([run >> width * word & (1 << width) - 1 for word in range(like.shape[1])], like.dtype)
