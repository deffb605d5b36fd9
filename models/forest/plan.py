"""What is left of the trees once a forest is bound, in the order and the form in which a request runs it."""

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.forest.block import ASK, SPLIT, TREE, Floats, Masks, Plan
from models.forest.instructions import EIGHT
from models.forest.node import Nodes

_BITS = 64
_BELOW = np.array([(1 << bit) - 1 for bit in range(_BITS + 1)], np.uint64)
"""By a number of bits, as many of the lowest."""


def plan_of(nodes: Nodes, roots: NDArray[np.int64], leaves: Floats) -> Plan:
    """The plan of the trees with these roots (nodes, or `~leaf`); nodes that none of them comes to are left out."""
    node_trees, edges, order, first_leaf = _numbered(nodes, roots)
    first_leaf = np.append(first_leaf, len(order))
    largest = int(np.diff(first_leaf).max(initial=1))
    open = np.flatnonzero(~nodes["request"] & (node_trees >= 0))
    asked = np.flatnonzero(nodes["request"] & (node_trees >= 0))
    asked = asked[np.lexsort([nodes[asked][name] for name in ("limit", "mask", "input")])]
    compared = nodes[asked][["input", "mask"]]
    starts = np.flatnonzero(np.append(True, compared[1:] != compared[:-1])[: len(asked)])
    asks = np.zeros(len(starts) + 1, ASK)
    asks["begin"] = np.append(starts, len(asked))
    for name in ("input", "mask"):
        asks[name][:-1] = compared[name][starts]
    # Going left leaves all but what is on the right.
    words = -(-largest // _BITS)
    kept = [~_between(edges[asked, side], edges[asked, side + 1], words) for side in (1, 0)]
    splits = np.empty(len(open), SPLIT)
    for name in ("input", "mask", "limit"):
        splits[name] = nodes[open][name]
    trees = np.empty(len(roots) + 1, TREE)
    trees["leaf"], trees["split"] = first_leaf, np.searchsorted(node_trees[open], np.arange(len(roots) + 1))
    return Plan(
        asks,
        nodes[asked]["limit"].copy(),
        node_trees[asked].astype(np.uint32),
        np.stack(kept, axis=-1),
        splits,
        edges[open].astype(np.min_scalar_type(largest)),
        trees,
        np.concatenate([leaves[order], np.zeros(EIGHT)]),
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
