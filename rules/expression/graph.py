"""The nodes of several expressions, with every common sub-expression once, each in its slot."""

from collections.abc import Iterable

import msgspec

from rules.expression.frame import Step
from rules.expression.node import Node
from rules.expression.quantifier import quantifier
from rules.expression.step import build_step, lookup


class Shared(msgspec.Struct, frozen=True):
    """A node and the slots of its operands, which are lower than its own."""

    node: Node
    operands: tuple[int, ...]


class Graph:
    """Nodes by slot, operands before what uses them."""

    def __init__(self, roots: Iterable[Node]) -> None:
        self.nodes: list[Shared] = []
        self._slots: dict[tuple[object, ...], int] = {}
        self.roots = tuple(self._intern(root) for root in roots)
        self.steps = tuple(self._step(shared) for shared in self.nodes)

    def _intern(self, node: Node) -> int:
        operands = tuple(self._intern(operand) for operand in node.operands)
        # 1, 1.0 and True are equal in Python, and so are 0.0 and -0.0: the text of a constant tells them apart.
        key = (node.op, node.type, repr(node.detail), node.binding, operands)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = len(self.nodes)
            self.nodes.append(Shared(node, operands))
        return slot

    def _step(self, shared: Shared) -> Step:
        node, operands = shared.node, shared.operands
        if node.op not in ("exists", "all"):
            return self._lookup(shared) or build_step(node, operands)
        depth = int(node.detail or 0)
        range_slot, body = operands
        dependents = [slot for slot in self._under(body) if depth in self.nodes[slot].node.variables]
        variables = (slot for slot in dependents if self.nodes[slot].node.op == "variable")
        own = next((slot for slot in variables if self.nodes[slot].node.detail == depth), None)
        return quantifier(node.op == "exists", range_slot, body, own, dependents)

    def _lookup(self, shared: Shared) -> Step | None:
        """The step of a choice between the value in a map and a constant where it is missing, if it is one."""
        if [operand.op for operand in shared.node.operands] != ["found", "value", "constant"]:
            return None
        found, value, _ = (self.nodes[slot] for slot in shared.operands)
        if found.operands != value.operands:
            return None
        where, key = self.nodes[found.operands[0]].operands
        return lookup(where, key, shared.node.operands[2].detail)

    def _under(self, slot: int) -> list[int]:
        seen: set[int] = set()
        waiting = [slot]
        while waiting:
            part = waiting.pop()
            if part not in seen:
                seen.add(part)
                waiting.extend(self.nodes[part].operands)
        return sorted(seen)
