"""The compiled kernel: prepare inputs, rule out leaves, and sum the leaves that are left.

A split whose outcome is known rules out the leaves of its other side. After all splits of a tree exactly one leaf is
left, the exit leaf; a split one of whose sides has no leaf left already cannot change that and is skipped.
(QuickScorer, Lucchese et al., SIGIR 2015, rules out on one side only; ruling out on both lets more splits be skipped.)

How a value is compared follows LightGBM's Tree::NumericalDecision and Tree::CategoricalDecision, after its reader has
turned everything within 1e-35 of zero (as a float32) into zero. Leaves are added tree by tree in float64, as
GBDT::PredictRaw does, so sums are equal bit for bit.

All functions live in this one file, because numba's cache on disk watches only the file of the function it compiled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.forest.layout import Leaves, Splits, Views

Floats = NDArray[np.float64]

NAN_ZERO = 0
"""NaN counts as zero."""
NAN_LEFT = 1
"""NaN goes left."""
NAN_RIGHT = 2
"""NaN goes right."""
ZERO_LEFT = 3
"""Zero and NaN go left."""
ZERO_RIGHT = 4
"""Zero and NaN go right."""
WHOLE_CATEGORY = 5
"""The value is a category: cut off to a whole number; NaN, negative and beyond 31 bits are no category."""
CODED_CATEGORY = 6
"""The value is a string's code: its index among the sorted codes is the category."""

_ZERO = float(np.float32(1e-35))
_NO_CATEGORY = -1.0
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def _trailing_zeros(_context: Any, _word: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        # True: the result for zero is undefined, which spares a branch; it is only asked for words that are not zero.
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


_lowest: Any = intrinsic(_trailing_zeros)


def _prepare_value(value: float, kind: int, codes: Floats, start: int, stop: int) -> float:
    """The value as splits compare it: always `<= threshold` when it must go left, never when it must go right."""
    if kind == CODED_CATEGORY:
        low, high = start, stop
        while low < high:
            middle = (low + high) // 2
            if codes[middle] < value:
                low = middle + 1
            else:
                high = middle
        return float(low - start) if low < stop and codes[low] == value else _NO_CATEGORY
    if kind == WHOLE_CATEGORY:
        # Cut off towards zero, as a C cast does; written so that NaN is no category.
        return np.floor(max(value, 0.0)) if -1.0 < value < 2147483648.0 else _NO_CATEGORY
    if -_ZERO <= value <= _ZERO or (np.isnan(value) and kind not in (NAN_LEFT, NAN_RIGHT)):
        value = 0.0
    missing = value == 0.0 if kind in (ZERO_LEFT, ZERO_RIGHT) else np.isnan(value)
    if missing:
        return -np.inf if kind in (ZERO_LEFT, NAN_LEFT) else np.nan
    return value


_prepare_one = njit(cache=True, nogil=True, inline="always")(_prepare_value)


def _in_set(category: float, sets: NDArray[np.uint32], start: int, stop: int) -> bool:
    if category < 0.0:
        return False
    number = np.int64(category)
    word = start + (number >> 5)
    return bool(word < stop and (sets[word] >> np.uint32(number & 31)) & np.uint32(1))


_member = njit(cache=True, nogil=True, inline="always")(_in_set)


def _prepare_block(block: Floats, rows: NDArray[np.int64], views: "Views") -> Floats:
    """The prepared inputs (views × rows) from a block of feature values (features × offers)."""
    prepared = np.empty((len(views.source), len(rows)))
    for view in range(len(views.source)):
        source, kind = views.source[view], views.kind[view]
        start, stop = views.start[view], views.stop[view]
        for at in range(len(rows)):
            prepared[view, at] = _prepare_one(block[source, rows[at]], kind, views.codes, start, stop)
    return prepared


_prepare = njit(cache=True, nogil=True)(_prepare_block)


def _rule_out(mask: NDArray[np.uint64], splits: "Splits", split: int, word: int, inputs: Floats) -> None:
    """Rule out, in one word of every row's mask, the leaves on the side of the split where the row does not go."""
    keep_left, keep_right = splits.keep_left[split, word], splits.keep_right[split, word]
    if keep_left & keep_right == _ALL:
        return
    values, start = inputs[splits.input[split]], splits.set_start[split]
    if start < 0:
        threshold = splits.threshold[split]
        for at in range(len(mask)):
            mask[at] &= keep_left if values[at] <= threshold else keep_right
    else:
        stop = splits.set_stop[split]
        for at in range(len(mask)):
            mask[at] &= keep_left if _member(values[at], splits.sets, start, stop) else keep_right


_narrow = njit(cache=True, nogil=True)(_rule_out)


def _bind_offers(leaves: "Leaves", splits: "Splits", views: "Views", block: Floats) -> NDArray[np.uint64]:
    """Which leaves each offer can still reach once its own splits are known: (trees × W × offers)."""
    trees, words = leaves.alive.shape
    offers = block.shape[1]
    inputs = _prepare(block, np.arange(offers), views)
    masks = np.empty((trees, words, offers), np.uint64)
    for tree in range(trees):
        for word in range(words):
            mask = masks[tree, word]
            mask[:] = leaves.alive[tree, word]
            for split in range(splits.first[tree], splits.first[tree + 1]):
                _narrow(mask, splits, split, word, inputs)
    return masks


bind_offers: Callable[..., NDArray[np.uint64]] = njit(cache=True, nogil=True)(_bind_offers)


def _score(
    leaves: "Leaves",
    masks: NDArray[np.uint64],
    request_splits: "Splits",
    request_views: "Views",
    request: Floats,
    pair_splits: "Splits",
    pair_views: "Views",
    pair: Floats,
    rows: NDArray[np.int64],
) -> Floats:
    """Raw scores of the rows.

    `leaves.alive` holds the leaves that some offer of `masks` can reach; `request` is (request features × 1), `pair`
    (pair features × offers).
    """
    trees, words = leaves.alive.shape
    count = len(rows)
    asked = _prepare(request, np.zeros(1, np.int64), request_views)
    inputs = _prepare(pair, rows, pair_views)
    scores = np.zeros(count)
    mask = np.empty(count, np.uint64)
    alive = np.empty((words, 1), np.uint64)
    for tree in range(trees):
        alive[:, 0] = leaves.alive[tree]
        for split in range(request_splits.first[tree], request_splits.first[tree + 1]):
            for word in range(words):
                _narrow(alive[word], request_splits, split, word, asked)
        first = leaves.first[tree]
        for word in range(words):
            left = alive[word, 0]
            if left == 0:
                continue
            offers = masks[tree, word]
            for at in range(count):
                mask[at] = offers[rows[at]] & left
            for split in range(pair_splits.first[tree], pair_splits.first[tree + 1]):
                if _decides(alive, pair_splits, split, words):
                    _narrow(mask, pair_splits, split, word, inputs)
            for at in range(count):
                if mask[at] != 0:
                    scores[at] += leaves.value[first + 64 * word + _lowest(mask[at])]
    return scores


def _splits_alive(alive: NDArray[np.uint64], splits: "Splits", split: int, words: int) -> bool:
    """Whether leaves on both sides of a split are still alive."""
    left = right = False
    for word in range(words):
        left = left or (alive[word, 0] & ~splits.keep_right[split, word]) != 0
        right = right or (alive[word, 0] & ~splits.keep_left[split, word]) != 0
    return left and right


_decides = njit(cache=True, nogil=True, inline="always")(_splits_alive)

score: Callable[..., Floats] = njit(cache=True, nogil=True)(_score)
