"""Taking out, when a forest is bound, the splits that send all offers that come to them to one side."""

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.forest.block import Bytes
from models.forest.kernel import Flags
from models.forest.node import Nodes


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
