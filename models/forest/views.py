"""Step functions from values to bytes: how LightGBM compares values, worked out once for all thresholds of a feature.

Tree::NumericalDecision and Tree::CategoricalDecision treat missing values, values next to zero and categories each in
their own way, but every one of them is a step function of the value, and NaN apart. So a view is a sorted list of
boundaries, and for each of its bytes a table: what the byte is after so many boundaries are passed, and for NaN.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.forest.block import VIEW, Views
from models.forest.forest import Floats, Missing, Split
from models.forest.kernel import COUNTED

_RANKS = 255
"""Thresholds that one byte can tell apart."""
_SETS = 8
"""Sets of categories that one byte can answer for."""
_NOT_IN_ANY = 255

# LightGBM's reader turns everything within 1e-35 of zero (as a float32) into zero, so these two are its edges.
_ABOVE_ZERO = float(np.float32(1e-35))
_BELOW_ZERO = float(np.nextafter(-_ABOVE_ZERO, -np.inf))


class View(NamedTuple):
    """One step function: its sorted `boundaries`, its `bytes` (bytes × boundaries + 1), and those for NaN."""

    boundaries: Floats
    bytes: NDArray[np.uint8]
    nan: NDArray[np.uint8]


class Place(NamedTuple):
    """What a split reads: the byte of its view; a row goes right when that under `mask` is above `limit`."""

    byte: int
    mask: int
    limit: int


def rank_view(splits: Sequence[Split]) -> tuple[View, list[Place]]:
    """The view of numerical splits on one feature that treat missing values alike, and what each of them reads."""
    missing, missing_left = splits[0].missing, splits[0].missing_left
    own = np.array([_edge(split.threshold) for split in splits])
    thresholds = np.unique(own)
    edges = np.array([_BELOW_ZERO, _ABOVE_ZERO] if missing == Missing.ZERO else [])
    boundaries = np.unique(np.concatenate([thresholds, edges]))
    chunks = np.arange(0, len(thresholds), _RANKS)[:, None]
    # After r boundaries, the thresholds passed are those at most the last of the r.
    passed = np.concatenate([[0], np.searchsorted(thresholds, boundaries, side="right")])
    table = np.clip(passed - chunks, 0, _RANKS)
    zero = int(np.searchsorted(boundaries, 0.0))
    if missing == Missing.ZERO:
        table[:, zero] = 0 if missing_left else _RANKS
    nan = table[:, zero] if missing != Missing.NAN else np.full(len(chunks), 0 if missing_left else _RANKS)
    ranks = np.searchsorted(thresholds, own)
    places = [Place(int(rank) // _RANKS, 255, int(rank) % _RANKS) for rank in ranks]
    return View(boundaries, table.astype(np.uint8), nan.astype(np.uint8)), places


def category_view(splits: Sequence[Split], codes: Sequence[int] | None) -> tuple[View, list[Place]]:
    """The view of categorical splits on one feature: a bit for each set, clear for the categories in it.

    `codes` are the sorted codes of a string's categories; without, a value is cut off to a whole number.
    """
    numbers = {words: number for number, words in enumerate(dict.fromkeys(split.categories or () for split in splits))}
    members = {words: _members(words) for words in numbers}
    known = sorted(
        {category for each in members.values() for category in each if codes is None or category < len(codes)}
    )
    edges = {category: _category_edges(category, codes) for category in known}
    boundaries = np.unique([edge for pair in edges.values() for edge in pair])
    table = np.full((-(-len(numbers) // _SETS), len(boundaries) + 1), _NOT_IN_ANY, np.uint8)
    for words, number in numbers.items():
        inside = [edges[category][1] for category in members[words] if category in edges]
        table[number // _SETS, np.searchsorted(boundaries, inside)] &= ~np.uint8(1 << number % _SETS)
    places = [
        Place(number // _SETS, 1 << number % _SETS, 0) for number in (numbers[s.categories or ()] for s in splits)
    ]
    return View(boundaries, table, np.full(len(table), _NOT_IN_ANY, np.uint8)), places


def lay_out_views(views: Sequence[tuple[int, View]]) -> Views:
    """Views, each with the row it reads, in arrays."""
    depths = [max((len(view.boundaries) + 1).bit_length(), COUNTED) for _, view in views]
    sizes = [1 << depth for depth in depths]
    trees, tables = [np.zeros(0)], [np.zeros(0, np.uint8)]
    for (_, view), depth, size in zip(views, depths, sizes, strict=True):
        # One leaf of the search tree at least is beyond every boundary, infinity too: only NaN comes there.
        padded = np.full(size, np.inf)
        padded[: len(view.boundaries)] = view.boundaries
        tree = np.empty(size)
        for level in range(depth):
            tree[1 << level : 2 << level] = padded[(1 << depth - level - 1) - 1 : size - 1 : 1 << depth - level]
        trees.append(tree)
        for row, nan in zip(view.bytes, view.nan, strict=True):
            tables.append(np.concatenate([row, np.full(size - len(row), nan)]))
    counts = [len(view.bytes) for _, view in views]
    each, inputs = np.empty(len(views), VIEW), _starts(counts)
    each["source"] = [source for source, _ in views]
    each["first"], each["depth"] = _starts(sizes)[:-1], depths
    each["first_input"], each["end_input"] = inputs[:-1], inputs[1:]
    return Views(each, np.concatenate(trees), _starts(np.repeat(sizes, counts))[:-1], np.concatenate(tables))


def _starts(sizes: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _edge(threshold: float) -> float:
    """The largest value that goes left, given that values next to zero count as zero."""
    if -_ABOVE_ZERO <= threshold < 0.0:
        return _BELOW_ZERO
    return _ABOVE_ZERO if 0.0 <= threshold < _ABOVE_ZERO else threshold


def _category_edges(category: int, codes: Sequence[int] | None) -> tuple[float, float]:
    """The largest value before a category and the largest value in it."""
    if codes is not None:
        return float(np.nextafter(float(codes[category]), -np.inf)), float(codes[category])
    first = float(np.nextafter(float(category), -np.inf)) if category else -1.0
    return first, float(np.nextafter(category + 1.0, -np.inf))


def _members(words: Sequence[int]) -> list[int]:
    """The categories in a bit set."""
    return [32 * at + bit for at, word in enumerate(words) for bit in range(32) if word >> bit & 1]
