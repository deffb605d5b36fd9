"""A forest laid out in arrays: the splits of all trees as nodes, and the views that give the bytes they read."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.forest.block import Views
from models.forest.forest import Floats, Forest, Missing, Split, Tree
from models.forest.node import NODE, Nodes
from models.forest.views import Place, View, category_view, lay_out_views, rank_view
from rules.expression import Binding


class Layout(msgspec.Struct, frozen=True, eq=False):
    """The whole forest: each tree from its root (a node, or `~leaf`), all leaves, and the views by binding."""

    nodes: Nodes
    roots: NDArray[np.int64]
    leaves: Floats
    views: Mapping[Binding, Views]


def lay_out(forest: Forest, place: Callable[[int], tuple[Binding, int]], codes: Mapping[int, Sequence[int]]) -> Layout:
    """The layout of a forest.

    `place` gives a feature's binding and its row in the block of that binding; `codes` the sorted codes of each
    categorical feature over strings (other categorical features are whole numbers already).
    """
    orders = [_parents_first(tree) for tree in forest.trees]
    placed, views = _views(
        [tree.splits[at] for tree, order in zip(forest.trees, orders, strict=True) for at in order], place, codes
    )
    nodes = np.zeros(len(placed), NODE)
    roots, leaves, node, leaf = [], [], 0, 0
    for tree, order in zip(forest.trees, orders, strict=True):
        roots.append(node if order else ~leaf)
        numbers = {at: node + number for number, at in enumerate(order)}
        for at in order:
            left, right = (
                numbers[child] if child >= 0 else ~(leaf + ~child)
                for child in (tree.splits[at].left, tree.splits[at].right)
            )
            binding, one = placed[numbers[at]]
            # The bytes of pairs come after those of offers.
            byte = one.byte + (len(views[Binding.OFFER].first_byte) if binding == Binding.PAIR else 0)
            nodes[numbers[at]] = (left, right, byte, one.mask, one.limit, binding == Binding.REQUEST)
        leaves.append(tree.leaves)
        node += len(order)
        leaf += len(tree.leaves)
    return Layout(nodes, np.array(roots, np.int64), np.concatenate([*leaves, np.empty(0)]), views)


def _parents_first(tree: Tree) -> list[int]:
    order, waiting = [], [0] if tree.splits else []
    while waiting:
        at = waiting.pop()
        order.append(at)
        waiting += [child for child in (tree.splits[at].right, tree.splits[at].left) if child >= 0]
    return order


def _views(
    splits: list[Split], place: Callable[[int], tuple[Binding, int]], codes: Mapping[int, Sequence[int]]
) -> tuple[list[tuple[Binding, Place]], Mapping[Binding, Views]]:
    """What each split reads, and the views of each binding."""
    together: dict[tuple[int, tuple[Missing, bool] | None], list[int]] = defaultdict(list)
    for number, split in enumerate(splits):
        treatment = (split.missing, split.missing_left) if split.categories is None else None
        together[split.feature, treatment].append(number)
    placed: dict[int, tuple[Binding, Place]] = {}
    views: dict[Binding, list[tuple[int, View]]] = {binding: [] for binding in Binding}
    bytes_before = dict.fromkeys(Binding, 0)
    # Views of one feature beside each other, so that its values are read once.
    for (feature, treatment), numbers in sorted(together.items(), key=lambda item: item[0][0]):
        binding, row = place(feature)
        alike = [splits[number] for number in numbers]
        view, found = rank_view(alike) if treatment else category_view(alike, codes.get(feature))
        for number, one in zip(numbers, found, strict=True):
            placed[number] = binding, one._replace(byte=bytes_before[binding] + one.byte)
        views[binding].append((row, view))
        bytes_before[binding] += len(view.bytes)
    laid_out = {binding: lay_out_views(own) for binding, own in views.items()}
    return [placed[number] for number in range(len(splits))], laid_out
