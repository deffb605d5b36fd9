"""A forest as LightGBM wrote it: trees of splits, numbered as in the file."""

from enum import IntEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Missing(IntEnum):
    """What a numerical split takes for missing; the numbers are LightGBM's."""

    NONE = 0
    ZERO = 1
    NAN = 2


class Split(msgspec.Struct, frozen=True):
    """One inner node: where a value goes, and its children (a leaf is `~leaf`, hence negative).

    A numerical split sends a value left when it is missing and `missing_left`, or at most `threshold`. A categorical
    one (`categories` is its bit set, 32 categories a word) sends the categories in the set left, all else right.
    """

    feature: int
    threshold: float
    missing: Missing
    missing_left: bool
    left: int
    right: int
    categories: tuple[int, ...] | None = None


class Tree(msgspec.Struct, frozen=True, eq=False):
    """One tree; split 0 is the root, and a tree without splits has one leaf."""

    splits: tuple[Split, ...]
    leaves: Floats


class Forest(msgspec.Struct, frozen=True, eq=False):
    """All trees, in the order their leaves are summed, the inputs' names, and how a raw score becomes a response.

    `averaged` marks LightGBM's random-forest mode: raw scores are sums all the same, the response is of their average.
    """

    trees: tuple[Tree, ...]
    names: tuple[str, ...]
    objective: str = ""
    averaged: bool = False

    @property
    def divisor(self) -> int:
        """What a raw score is divided by before it becomes a response."""
        return max(len(self.trees), 1) if self.averaged else 1

    def used(self) -> frozenset[int]:
        """The features that some split reads."""
        return frozenset(split.feature for tree in self.trees for split in tree.splits)
