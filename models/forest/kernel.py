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
Masks = NDArray[np.unsignedinteger]
"""Words of 16, 32 or 64 bits: a kernel is compiled for each width in use."""

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


def _trailing_zeros(_context: Any, word: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        # True: the result for zero is undefined, which spares a branch; it is only asked for words that are not zero.
        zeros = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return zeros if word.bitwidth == 64 else builder.zext(zeros, ir.IntType(64))

    return types.int64(word), generate


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


def _rule_out(
    mask: Masks,
    inputs: Floats,
    view: int,
    threshold: float,
    keep_left: np.unsignedinteger,
    keep_right: np.unsignedinteger,
) -> None:
    """Rule out, in every row's mask, the leaves on the side of a numerical split where the row does not go."""
    for at in range(len(mask)):
        mask[at] &= keep_left if inputs[view, at] <= threshold else keep_right


_narrow = njit(cache=True, nogil=True, inline="always")(_rule_out)


def _rule_out_categories(
    mask: Masks,
    inputs: Floats,
    view: int,
    sets: NDArray[np.uint32],
    start: int,
    stop: int,
    keep_left: np.unsignedinteger,
    keep_right: np.unsignedinteger,
) -> None:
    """The same for a categorical split."""
    for at in range(len(mask)):
        mask[at] &= keep_left if _member(inputs[view, at], sets, start, stop) else keep_right


_narrow_categories = njit(cache=True, nogil=True, inline="always")(_rule_out_categories)


def _bind_offers(leaves: "Leaves", splits: "Splits", views: "Views", block: Floats) -> Masks:
    """Which leaves each offer can still reach once its own splits are known: (trees × W × offers)."""
    first, view, threshold, set_start, set_stop, sets, keep_left, keep_right = splits
    trees, words = leaves.alive.shape
    offers = block.shape[1]
    inputs = _prepare(block, np.arange(offers), views)
    masks = np.empty((trees, words, offers), leaves.alive.dtype)
    for tree in range(trees):
        for word in range(words):
            mask = masks[tree, word]
            mask[:] = leaves.alive[tree, word]
            for split in range(first[tree], first[tree + 1]):
                left, right = keep_left[split, word], keep_right[split, word]
                if set_start[split] < 0:
                    _narrow(mask, inputs, view[split], threshold[split], left, right)
                else:
                    start, stop = set_start[split], set_stop[split]
                    _narrow_categories(mask, inputs, view[split], sets, start, stop, left, right)
    return masks


bind_offers: Callable[..., Masks] = njit(cache=True, nogil=True)(_bind_offers)


def _ask(leaves: "Leaves", splits: "Splits", inputs: Floats) -> Masks:
    """Which leaves are still possible once the request's own splits are known: (trees × W)."""
    first, view, threshold, set_start, set_stop, sets, keep_left, keep_right = splits
    alive = leaves.alive.copy()
    trees, words = alive.shape
    for tree in range(trees):
        for split in range(first[tree], first[tree + 1]):
            value, start = inputs[view[split], 0], set_start[split]
            left = value <= threshold[split] if start < 0 else _member(value, sets, start, set_stop[split])
            for word in range(words):
                alive[tree, word] &= keep_left[split, word] if left else keep_right[split, word]
    return alive


_possible = njit(cache=True, nogil=True)(_ask)


def _first_mask(mask: Masks, offers: Masks, rows: NDArray[np.int64], whole: bool, possible: np.unsignedinteger) -> None:
    """The leaves that each row can reach as far as offer and request tell."""
    if whole:
        for at in range(len(mask)):
            mask[at] = offers[at] & possible
    else:
        for at in range(len(mask)):
            mask[at] = offers[np.uint64(rows[at])] & possible


_begin = njit(cache=True, nogil=True, inline="always")(_first_mask)


def _add_leaves(scores: Floats, mask: Masks, value: Floats, begin: int, single: bool) -> None:
    """Add the value of every row's exit leaf, if it is in this word; it is when there is a single word."""
    if single:
        for at in range(len(mask)):
            scores[at] += value[np.uint64(begin + _lowest(mask[at]))]
    else:
        for at in range(len(mask)):
            if mask[at] != 0:
                scores[at] += value[np.uint64(begin + _lowest(mask[at]))]


_add = njit(cache=True, nogil=True, inline="always")(_add_leaves)


def _splits_alive(alive: Masks, tree: int, keep_left: Masks, keep_right: Masks, split: int) -> bool:
    """Whether leaves on both sides of a split are still alive."""
    left = right = False
    for word in range(alive.shape[1]):
        left = left or (alive[tree, word] & ~keep_right[split, word]) != 0
        right = right or (alive[tree, word] & ~keep_left[split, word]) != 0
    return left and right


_decides = njit(cache=True, nogil=True, inline="always")(_splits_alive)


def _score(
    leaves: "Leaves",
    masks: Masks,
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
    alive = _possible(leaves, request_splits, _prepare(request, np.zeros(1, np.int64), request_views))
    inputs = _prepare(pair, rows, pair_views)
    leaf, value, _ = leaves
    # Taken apart once: every reach into a tuple inside the loops costs reference counting.
    first, view, threshold, set_start, set_stop, sets, keep_left, keep_right = pair_splits
    trees, words = alive.shape
    count = len(rows)
    scores = np.zeros(count)
    # All offers in their own order, the common case, need no gathering.
    whole = count == masks.shape[2]
    for at in range(count):
        whole = whole and rows[at] == at
    mask = np.empty(count, masks.dtype)
    for tree in range(trees):
        for word in range(words):
            possible = alive[tree, word]
            if possible == 0:
                continue
            lowest = _lowest(possible)
            if words == 1 and possible >> np.uint64(lowest) == 1:
                # The request alone leads every offer to one leaf.
                only = value[leaf[tree] + lowest]
                for at in range(count):
                    scores[at] += only
                continue
            _begin(mask, masks[tree, word], rows, whole, possible)
            for split in range(first[tree], first[tree + 1]):
                left, right = keep_left[split, word], keep_right[split, word]
                # No leaf that is still possible in this word lies on either side.
                if left & right & possible == possible or not _decides(alive, tree, keep_left, keep_right, split):
                    continue
                if set_start[split] < 0:
                    _narrow(mask, inputs, view[split], threshold[split], left, right)
                else:
                    start, stop = set_start[split], set_stop[split]
                    _narrow_categories(mask, inputs, view[split], sets, start, stop, left, right)
            _add(scores, mask, value, leaf[tree] + 64 * word, words == 1)
    return scores


score: Callable[..., Floats] = njit(cache=True, nogil=True)(_score)
