"""A node of a graph, with where its operands are."""

import msgspec

from rules.expression.node import Node


class Shared(msgspec.Struct, frozen=True):
    """A node, the slots of its operands, which are lower than its own, and whether it differs from offer to offer."""

    node: Node
    operands: tuple[int, ...]
    wide: bool
