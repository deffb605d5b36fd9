"""When a bool is true, false or an error, as formulas over facts and over the offer's own values.

The formulas are positive (and, or, literals) and say too much rather than too little: where one cannot be satisfied,
the outcome cannot happen.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rules.expression.binding import Binding
from rules.expression.graph import Graph
from rules.expression.region import MIRRORED, OPPOSITE
from rules.expression.schema import Readable

_COMPARISONS = frozenset(OPPOSITE) | {f"{name}_strings" for name in OPPOSITE}
_MAY_FAIL = frozenset(
    {
        *("add_ints", "subtract_ints", "multiply_ints", "divide_ints", "remainder_ints", "negate_int", "int_of_double"),
        *("add_to_instant", "subtract_from_instant", "add_durations", "subtract_durations", "value", "exists", "all"),
    }
)


class Present(msgspec.Struct, frozen=True):
    """The fact is there, or is not."""

    path: str
    present: bool


class Compared(msgspec.Struct, frozen=True):
    """The fact is there and compares so with the offer-only value in a slot."""

    path: str
    comparison: str
    slot: int


class Within(msgspec.Struct, frozen=True):
    """The fact is there and equals one of the offer-only values in the slots, or none of them."""

    path: str
    slots: tuple[int, ...]
    inside: bool


class Holds(msgspec.Struct, frozen=True):
    """A bool that is read from the facts (`path`), or a condition that is not looked into (`path` names its slot)."""

    path: str
    value: bool


class OfferIs(msgspec.Struct, frozen=True):
    """The offer-only value in a slot is `true`, `false`, `wrong` (an error) or `fine` (not one)."""

    slot: int
    state: str


class All(msgspec.Struct, frozen=True):
    """Every part; without parts, always."""

    parts: tuple[Formula, ...] = ()


class Some(msgspec.Struct, frozen=True):
    """At least one part; without parts, never."""

    parts: tuple[Formula, ...] = ()


Formula = Present | Compared | Within | Holds | OfferIs | All | Some
ALWAYS, NEVER = All(), Some()


class Outcome(msgspec.Struct, frozen=True):
    """When something is true, when false, and when an error."""

    true: Formula
    false: Formula
    wrong: Formula


class Outcomes:
    """Outcomes of the nodes of a graph."""

    def __init__(self, graph: Graph, readable: Mapping[str, Readable]) -> None:
        self._graph = graph
        self._readable = readable

    def of(self, slot: int) -> Outcome:  # noqa: PLR0911 - one case per kind of node
        """The outcome of the bool in a slot."""
        shared = self._graph.nodes[slot]
        node = shared.node
        if node.binding is Binding.OFFER and not node.variables:
            return Outcome(OfferIs(slot, "true"), OfferIs(slot, "false"), OfferIs(slot, "wrong"))
        match node.op:
            case "not":
                inner = self.of(shared.operands[0])
                return Outcome(inner.false, inner.true, inner.wrong)
            case "and" | "or":
                return _joined([self.of(operand) for operand in shared.operands], node.op == "and")
            case "choose":
                return _chosen(*(self.of(operand) for operand in shared.operands))
            case "fact":
                path = str(node.detail)
                return Outcome(Holds(path, True), Holds(path, False), Present(path, False))
            case "has_fact":
                path = str(node.detail)
                return Outcome(Present(path, True), Present(path, False), NEVER)
        return self._compared(slot) or self._opaque(slot)

    def _compared(self, slot: int) -> Outcome | None:
        shared = self._graph.nodes[slot]
        op, operands = shared.node.op, shared.operands
        wrong = Some(tuple(self._wrong(operand) for operand in operands))
        fine = All(tuple(OfferIs(operand, "fine") for operand in operands if self._is_offer(operand)))
        if op == "in_items" and (path := self._fact(operands[0])) and all(map(self._is_offer, operands[1:])):
            inside, outside = Within(path, operands[1:], True), Within(path, operands[1:], False)
            return Outcome(All((fine, inside)), All((fine, outside)), wrong)
        if op in _COMPARISONS:
            comparison = op.removesuffix("_strings")
            left, right = operands
            if (path := self._fact(left)) and self._is_offer(right):
                other = right
            elif (path := self._fact(right)) and self._is_offer(left):
                comparison, other = MIRRORED[comparison], left
            else:
                return None
            true, false = (Compared(path, sign, other) for sign in (comparison, OPPOSITE[comparison]))
            return Outcome(All((fine, true)), All((fine, false)), wrong)
        return None

    def _opaque(self, slot: int) -> Outcome:
        fine = self._fine(slot)
        true = NEVER if self._outside(slot) else All((fine, Holds(f"#{slot}", True)))
        return Outcome(true, All((fine, Holds(f"#{slot}", False))), self._wrong(slot))

    def _outside(self, slot: int) -> bool:
        """Whether a constant is looked for in a list or map whose closed set does not hold it."""
        shared = self._graph.nodes[slot]
        if shared.node.op == "found":
            where, item = self._graph.nodes[shared.operands[0]].operands
        elif shared.node.op == "in_list":
            item, where = shared.operands
        else:
            return False
        path, looked_for = self._fact(where), self._graph.nodes[item].node
        values = self._readable[path].values if path else None
        return looked_for.op == "constant" and values is not None and looked_for.detail not in values

    def _wrong(self, slot: int) -> Formula:
        """When the value in a slot may be an error."""
        shared = self._graph.nodes[slot]
        if self._is_offer(slot):
            return OfferIs(slot, "wrong")
        if shared.node.op in _MAY_FAIL:
            return ALWAYS
        if shared.node.op == "fact":
            return Present(str(shared.node.detail), False)
        if shared.node.type.name == "bool" and shared.node.op in ("and", "or", "choose", "has_fact"):
            return self.of(slot).wrong
        return Some(tuple(self._wrong(operand) for operand in shared.operands))

    def _fine(self, slot: int) -> Formula:
        """What must hold for the value in a slot not to be an error."""
        shared = self._graph.nodes[slot]
        if self._is_offer(slot):
            return OfferIs(slot, "fine")
        match shared.node.op:
            case "fact":
                return Present(str(shared.node.detail), True)
            case "and" | "or" | "choose" | "has_fact" | "variable":
                return ALWAYS
            case "exists" | "all":
                return self._fine(shared.operands[0])
        return All(tuple(self._fine(operand) for operand in shared.operands))

    def _fact(self, slot: int) -> str:
        node = self._graph.nodes[slot].node
        return str(node.detail) if node.op == "fact" else ""

    def _is_offer(self, slot: int) -> bool:
        node = self._graph.nodes[slot].node
        return node.binding is Binding.OFFER and not node.variables


def _joined(parts: list[Outcome], conjunction: bool) -> Outcome:
    """`&&`: false as soon as one part is; an error when one errs and no part is false. `||` is its mirror image."""
    deciding = Some(tuple(part.false if conjunction else part.true for part in parts))
    passing = [part.true if conjunction else part.false for part in parts]
    wrong = Some(
        tuple(
            All(
                (
                    part.wrong,
                    *(
                        Some((kept, other.wrong))
                        for kept, other in zip(passing, parts, strict=True)
                        if other is not part
                    ),
                )
            )
            for part in parts
        )
    )
    whole = All(tuple(passing))
    return Outcome(whole, deciding, wrong) if conjunction else Outcome(deciding, whole, wrong)


def _chosen(test: Outcome, then: Outcome, otherwise: Outcome) -> Outcome:
    def either(first: Formula, second: Formula) -> Formula:
        return Some((All((test.true, first)), All((test.false, second))))

    wrong = Some((test.wrong, either(then.wrong, otherwise.wrong)))
    return Outcome(either(then.true, otherwise.true), either(then.false, otherwise.false), wrong)
