"""What is left of the trees once a forest is bound, in the order and the form in which a request runs it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.forest.forest import Floats
from models.forest.kernel import SPLIT, Masks, Splits
from models.forest.node import Nodes

_BITS = 64
_BELOW = np.array([(1 << bit) - 1 for bit in range(_BITS + 1)], np.uint64)
"""By a number of bits, as many of the lowest."""


class Plan(NamedTuple):
    """The splits of all trees by who decides them, and the leaves of each tree from left to right.

    Sets of a tree's leaves are bit masks of as many words as the largest tree needs; the lowest bit is the leftmost
    leaf. Splits are in the order of trees, those of tree t before `…_ends[t + 1]`, parents first. `asks` are the splits
    that a request decides, `kept` (words × asks × 2) the leaves that are left when it goes left, and right. `opens` are
    the others, `left` and `right` (words × opens) the leaves on their sides. The leaves of tree t begin at
    `first_leaf[t]`.
    """

    asks: Splits
    kept: Masks
    ask_ends: NDArray[np.int64]
    opens: Splits
    left: Masks
    right: Masks
    open_ends: NDArray[np.int64]
    leaves: Floats
    first_leaf: NDArray[np.int64]


def plan_of(nodes: Nodes, roots: NDArray[np.int64], leaves: Floats) -> Plan:
    """The plan of the trees with these roots (nodes, or `~leaf`); nodes that none of them comes to are left out."""
    trees, edges, order, first_leaf = _numbered(nodes, roots)
    words = -(-int(np.diff(np.append(first_leaf, len(order))).max(initial=1)) // _BITS)
    asked = nodes["request"] & (trees >= 0)
    open = ~nodes["request"] & (trees >= 0)
    # Going left leaves all but what is on the right.
    kept = [~_between(edges[asked, side], edges[asked, side + 1], words) for side in (1, 0)]
    return Plan(
        _splits(nodes[asked]),
        np.stack(kept, axis=-1),
        _ends(trees[asked], len(roots)),
        _splits(nodes[open]),
        _between(edges[open, 0], edges[open, 1], words),
        _between(edges[open, 1], edges[open, 2], words),
        _ends(trees[open], len(roots)),
        leaves[order],
        first_leaf,
    )


def _number(
    nodes: Nodes, roots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number the leaves of every tree from left to right.

    Gives each node's tree, -1 where none comes to it; the numbers of the leaf that its left side begins with, of the
    one that its right side begins with, and of the one after that; the leaves in their new order, tree by tree; and
    where those of each tree begin.
    """
    below, trees = np.zeros((len(nodes), 2), np.int64), np.full(len(nodes), -1, np.int64)
    for node in range(len(nodes) - 1, -1, -1):
        for side in range(2):
            child = nodes[node]["right"] if side else nodes[node]["left"]
            below[node, side] = below[child].sum() if child >= 0 else 1
    edges, first_leaf, count = np.zeros((len(nodes), 3), np.int64), np.empty(len(roots), np.int64), 0
    for tree in range(len(roots)):
        first_leaf[tree] = count
        if roots[tree] >= 0:
            trees[roots[tree]] = tree
        count += below[roots[tree]].sum() if roots[tree] >= 0 else 1
    order = np.empty(count, np.int64)
    for tree in range(len(roots)):
        if roots[tree] < 0:
            order[first_leaf[tree]] = ~roots[tree]
    for node in range(len(nodes)):
        if trees[node] < 0:
            continue
        for side in range(2):
            edges[node, side + 1] = edges[node, side] + below[node, side]
            child = nodes[node]["right"] if side else nodes[node]["left"]
            if child >= 0:
                trees[child], edges[child, 0] = trees[node], edges[node, side]
            else:
                order[first_leaf[trees[node]] + edges[node, side]] = ~child
    return trees, edges, order, first_leaf


_numbered: Callable[..., tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = njit(
    cache=True, nogil=True
)(_number)


def _between(begin: NDArray[np.int64], end: NDArray[np.int64], words: int) -> Masks:
    """The leaves from each beginning to before its end: (words × splits)."""
    origins = np.arange(words)[:, None] * _BITS
    first, last = (_BELOW[np.clip(edge - origins, 0, _BITS)] for edge in (begin, end))
    return np.ascontiguousarray(last & ~first)


def _splits(nodes: Nodes) -> Splits:
    splits = np.empty(len(nodes), SPLIT)
    for name in ("input", "mask", "limit"):
        splits[name] = nodes[name]
    return splits


def _ends(trees: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    return np.searchsorted(trees, np.arange(number + 1))
