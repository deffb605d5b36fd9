"""From dotted names to the facts and columns of a schema."""

from collections.abc import Mapping
from difflib import get_close_matches

from rules.expression.binding import Binding
from rules.expression.node import Node
from rules.expression.refusal import refusal
from rules.expression.schema import ROOTS, Schema
from rules.expression.syntax import Index, Literal, Name, Select, Syntax


def path_of(syntax: Syntax, scope: Mapping[str, Node]) -> tuple[str, ...] | None:
    """The names of `a.b.c` or `a['b'].c`, or None when it does not start at a root of the facts."""
    match syntax:
        case Name(name=name):
            return None if name in scope else (name,)
        case Select(operand=operand, field=field):
            start = path_of(operand, scope)
            return None if start is None else (*start, field)
        case Index(operand=operand, index=Literal(value=str() as key)):
            start = path_of(operand, scope)
            return None if start is None else (*start, key)
    return None


def resolve_path(schema: Schema, path: tuple[str, ...], column: int) -> tuple[Node, tuple[str, ...]]:
    """The node that reads the longest known start of a path, and the map keys that follow it."""
    for length in range(min(len(path), 3), 0, -1):
        name = ".".join(path[:length])
        readable = schema.paths.get(name)
        if readable is None:
            continue
        rest = path[length:]
        if rest and (readable.type.name != "map" or len(rest) > 1):
            raise refusal(
                column, f"{name} is a {readable.type} and has no field {rest[-1]!r}; leave out what follows it"
            )
        op, detail = ("column", name.removeprefix("offer.")) if readable.binding is Binding.OFFER else ("fact", name)
        return Node(op, readable.type, readable.binding, (), detail), rest
    raise refusal(column, _unknown(schema, path))


def _unknown(schema: Schema, path: tuple[str, ...]) -> str:
    root, written = path[0], ".".join(path)
    if root not in ROOTS:
        known = (*ROOTS, "now", "channel", "placement")
        return f"{root!r} is not known; expressions read {', '.join(known)}"
    prefix = root
    if root == "activity" and len(path) > 1 and schema.names_under(f"activity.{path[1]}"):
        prefix = f"activity.{path[1]}"
    names = schema.names_under(prefix)
    depth = prefix.count(".") + 1
    if len(path) <= depth:
        return (
            f"{written} is not a value by itself; name one of {', '.join(names) or 'its attributes (none is declared)'}"
        )
    close = get_close_matches(path[depth], names, 1)
    hint = f"did you mean {prefix}.{close[0]}?" if close else f"declared are {', '.join(names) or 'none'}"
    return f"{prefix}.{path[depth]} is not declared; {hint}"
