"""From source to a compiled expression: parsed, typed, classified by binding."""

from typing import Literal

import msgspec

from rules.errors import ExpressionError
from rules.expression.binding import Binding
from rules.expression.checker import Checker
from rules.expression.node import Node, apply
from rules.expression.parser import parse_source
from rules.expression.schema import Readable, Schema
from rules.expression.type import FLOAT, INT, Type

Gives = Literal["bool", "number", "feature"]

_WANTED = {
    "bool": ("a bool", "compare it with something"),
    "number": ("an int or a double", "give a number"),
    "feature": (
        "an int, a double, a bool or a string",
        "choose one value of it, or subtract two timestamps and take getHours()",
    ),
}


class Expression(msgspec.Struct, frozen=True):
    """A CEL expression that passed every check.

    `reads` are its paths (offer columns as `offer.x`), sorted, and `readable` says what the schema knows of each.
    """

    source: str
    type: Type
    binding: Binding
    reads: tuple[str, ...]
    node: Node
    readable: tuple[tuple[str, Readable], ...]


def compile_expression(source: str, schema: Schema, *, gives: Gives, binding: Binding | None = None) -> Expression:
    """Compile a source against a schema.

    `gives="number"` takes int and double and always yields float64; `binding=Binding.OFFER` demands that nothing but
    the offer is read. Raises `ExpressionError` with the column, the construct and what to write instead.
    """
    node = Checker(schema).check(parse_source(source), {})
    name = node.type.name
    fits = name in {"bool": ("bool",), "number": ("int", "float"), "feature": ("int", "float", "bool", "string")}[gives]
    if not fits:
        wanted, fix = _WANTED[gives]
        raise ExpressionError(f"the expression gives a {node.type} where {wanted} is needed; {fix}")
    if gives == "number" and node.type == INT:
        node = apply("double_of_int", FLOAT, node)
    reads = _reads(node)
    if binding is not None and node.binding not in (binding, Binding.OFFER):
        others = ", ".join(path for path in reads if binding is Binding.REQUEST or not path.startswith("offer."))
        wanted = {Binding.OFFER: "the offer", Binding.REQUEST: "the request", Binding.PAIR: "anything"}[binding]
        if binding is not Binding.PAIR:
            raise ExpressionError(
                f"the expression may only read {wanted}, and it reads {others}; put that part into a rule's `holds`"
            )
    return Expression(source, node.type, node.binding, reads, node, tuple((path, schema.paths[path]) for path in reads))


def _reads(node: Node) -> tuple[str, ...]:
    paths = set()
    for part in node.walk():
        if part.op in ("fact", "has_fact"):
            paths.add(str(part.detail))
        elif part.op in ("column", "has_column"):
            paths.add(f"offer.{part.detail}")
    return tuple(sorted(paths))
