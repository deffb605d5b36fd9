"""Several expressions as one graph in which every common sub-expression exists once."""

from collections.abc import Sequence

import msgspec
import numpy as np

from rules.expression.binding import Binding
from rules.expression.bound_program import BoundProgram
from rules.expression.cell import Cell, settled
from rules.expression.compilation import Expression
from rules.expression.frame import Frame, Step
from rules.expression.node import Node
from rules.expression.quantifier import quantifier
from rules.expression.step import build_step
from rules.offer import OfferTable


class Shared(msgspec.Struct, frozen=True):
    """A node of the graph and the slots of its operands."""

    node: Node
    operands: tuple[int, ...]


class Program:
    """Expressions compiled together; bind it to a table of offers to run it."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self.expressions = tuple(expressions)
        self._nodes: list[Shared] = []
        self._slots: dict[tuple[object, ...], int] = {}
        self.roots = tuple(self._intern(expression.node) for expression in self.expressions)
        self._steps = tuple(self._step(slot) for slot in range(len(self._nodes)))

    def bind(self, offers: OfferTable) -> BoundProgram:
        """Evaluate what depends on the offers alone, once; the rest runs per request."""
        slots: list[Cell | None] = [None] * len(self._nodes)
        frame = Frame({}, offers, slots, self._steps)
        with np.errstate(all="ignore"):
            for slot, shared in enumerate(self._nodes):
                if shared.node.binding is Binding.OFFER and not shared.node.variables:
                    data, error = frame.get(slot)
                    slots[slot] = (data, settled(error))
        for slot, shared in enumerate(self._nodes):
            if shared.node.binding is not Binding.OFFER or shared.node.variables:
                slots[slot] = None
        return BoundProgram(self.expressions, self.roots, self._steps, slots, offers)

    def _intern(self, node: Node) -> int:
        operands = tuple(self._intern(operand) for operand in node.operands)
        # 1, 1.0 and True are equal in Python, and so are 0.0 and -0.0: the text of a constant tells them apart.
        key = (node.op, node.type, repr(node.detail), node.binding, operands)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = len(self._nodes)
            self._nodes.append(Shared(node, operands))
        return slot

    def _step(self, slot: int) -> Step:
        shared = self._nodes[slot]
        node, operands = shared.node, shared.operands
        if node.op not in ("exists", "all"):
            return build_step(node, operands)
        depth = int(node.detail or 0)
        range_slot, body = operands
        inside = self._under(body)
        dependents = [part for part in inside if depth in self._nodes[part].node.variables]
        variables = [part for part in dependents if self._nodes[part].node.op == "variable"]
        own = [part for part in variables if self._nodes[part].node.detail == depth]
        return quantifier(node.op == "exists", range_slot, body, own[0] if own else None, dependents)

    def _under(self, slot: int) -> list[int]:
        seen: set[int] = set()
        waiting = [slot]
        while waiting:
            part = waiting.pop()
            if part not in seen:
                seen.add(part)
                waiting.extend(self._nodes[part].operands)
        return sorted(seen)
