"""The nodes of several expressions, with every common sub-expression once, each in its slot."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from rules.expression.cell import Cell
from rules.expression.frame import Frame, Step
from rules.expression.node import Node
from rules.expression.opcode import is_on_tape
from rules.expression.quantifier import quantifier
from rules.expression.shared import Shared
from rules.expression.step import build_step
from rules.expression.tape import Tape, no_number


class Graph:
    """Nodes by slot, operands before what uses them.

    A copy in another process makes its own steps: they are functions, which stay where they were made.
    """

    def __init__(self, roots: Iterable[Node]) -> None:
        self.nodes: list[Shared] = []
        slots: dict[tuple[object, ...], int] = {}
        self.roots = tuple(self._intern(root, slots) for root in roots)

    def __getstate__(self) -> dict[str, object]:
        return {"nodes": self.nodes, "roots": self.roots}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What computes each slot."""
        return tuple(self._step(slot, shared) for slot, shared in enumerate(self.nodes))

    def _intern(self, node: Node, slots: dict[tuple[object, ...], int]) -> int:
        operands = tuple(self._intern(operand, slots) for operand in node.operands)
        # 1, 1.0 and True are equal in Python, and so are 0.0 and -0.0: the text of a constant tells them apart.
        key = (node.op, node.type, repr(node.detail), node.binding, operands)
        slot = slots.get(key)
        if slot is None:
            slot = slots[key] = len(self.nodes)
            wide = node.op in ("column", "has_column") or any(self.nodes[operand].wide for operand in operands)
            self.nodes.append(Shared(node, operands, wide))
        return slot

    def _step(self, slot: int, shared: Shared) -> Step:
        node, operands = shared.node, shared.operands
        if is_on_tape(node) and not node.op.startswith(("constant", "fact", "has_")):
            return _alone(self.nodes, slot)
        if node.op not in ("exists", "all"):
            return build_step(node, operands)
        depth = int(node.detail or 0)
        range_slot, body = operands
        dependents = [slot for slot in self._under(body) if depth in self.nodes[slot].node.variables]
        variables = (slot for slot in dependents if self.nodes[slot].node.op == "variable")
        own = next((slot for slot in variables if self.nodes[slot].node.detail == depth), None)
        return quantifier(node.op == "exists", range_slot, body, own, dependents)

    def _under(self, slot: int) -> list[int]:
        seen: set[int] = set()
        waiting = [slot]
        while waiting:
            part = waiting.pop()
            if part not in seen:
                seen.add(part)
                waiting.extend(self.nodes[part].operands)
        return sorted(seen)


def _alone(nodes: Sequence[Shared], slot: int) -> Step:
    """The step of a node that a tape of its own computes, written when it is first asked for."""
    tapes: dict[int, Tape] = {}

    def step(frame: Frame) -> Cell:
        rows = len(frame.offers)
        if rows not in tapes:
            tapes[rows] = Tape(nodes, [slot], [nodes[slot].wide], rows, ["cells"], [None] * len(nodes), no_number)
        return tapes[rows].cells(frame.facts, frame)[0]

    return step
