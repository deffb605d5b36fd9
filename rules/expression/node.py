"""Typed nodes: what an expression means once names, types and bindings are known."""

from collections.abc import Iterator

import msgspec

from rules.expression.binding import Binding, join_bindings
from rules.expression.type import BOOL, Type

Detail = str | int | float | bool | None


class Node(msgspec.Struct, frozen=True):
    """One operation over typed operands.

    `op` names a kernel; `detail` is what the kernel needs besides operands (a constant, a path, a pattern …);
    `variables` are the macro variables, by nesting depth, that must be bound around it; `fixed` says that it is known
    at publish and the same for every offer.
    """

    op: str
    type: Type
    binding: Binding
    operands: tuple["Node", ...] = ()
    detail: Detail = None
    variables: frozenset[int] = frozenset()
    fixed: bool = False

    def walk(self) -> Iterator["Node"]:
        """This node and everything under it, operands first; shared parts come once per use."""
        for operand in self.operands:
            yield from operand.walk()
        yield self


def apply(op: str, type: Type, *operands: Node, detail: Detail = None) -> Node:
    """An operation whose binding and variables follow from its operands."""
    binding = join_bindings(operand.binding for operand in operands if not operand.fixed)
    fixed = all(operand.fixed for operand in operands)
    variables = frozenset[int]().union(*(operand.variables for operand in operands))
    return Node(op, type, binding, operands, detail, variables, fixed)


def constant(type: Type, value: Detail) -> Node:
    """A value known at publish."""
    return Node("constant", type, Binding.OFFER, detail=value, fixed=True)


def variable(type: Type, binding: Binding, depth: int) -> Node:
    """The variable of the macro at a nesting depth."""
    return Node("variable", type, binding, detail=depth, variables=frozenset({depth}))


def fold(op: str, range: Node, body: Node, depth: int) -> Node:
    """`exists` or `all` over the items of a list or the keys of a map; binds the variable of its depth in the body."""
    binding = join_bindings(part.binding for part in (range, body) if not part.fixed)
    return Node(op, BOOL, binding, (range, body), depth, (range.variables | body.variables) - {depth})
