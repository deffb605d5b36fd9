"""Methods and macros: string tests, parts of timestamps and durations, `exists` and `all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.expression.node import Node, apply, constant, fold, variable
from rules.expression.overload import DURATION_UNITS, INSTANT_PARTS, STRING_METHODS
from rules.expression.pattern import check_pattern
from rules.expression.refusal import refusal
from rules.expression.syntax import Call, Items, Literal, Name
from rules.expression.time_literal import read_offset
from rules.expression.type import BOOL, INT, STRING

if TYPE_CHECKING:
    from rules.expression.checker import Checker, Scope

_REFUSED_MACROS = ("map", "filter", "exists_one")


def check_method(checker: Checker, call: Call, scope: Scope) -> Node:
    """The typed node of `receiver.method(arguments)`."""
    assert call.receiver is not None
    if call.function in ("exists", "all"):
        return _fold(checker, call, scope)
    if call.function in _REFUSED_MACROS:
        raise refusal(call.column, f".{call.function}() is not supported; use .exists() or .all()")
    receiver = checker.check(call.receiver, scope)
    arguments = [checker.check(argument, scope) for argument in call.arguments]
    types = tuple(argument.type for argument in arguments)
    match receiver.type.name, call.function:
        case "string", method if method in STRING_METHODS and types == (STRING,):
            return apply(STRING_METHODS[method], BOOL, receiver, *arguments)
        case "string", "matches" if types == (STRING,):
            pattern = call.arguments[0]
            if not isinstance(pattern, Literal):
                raise refusal(
                    call.column, ".matches() takes a pattern written in place, so that it is checked at publish"
                )
            return apply("matches", BOOL, receiver, detail=check_pattern(str(pattern.value), call.column))
        case (("string" | "list" | "map"), "size") if not arguments:
            return checker.size(receiver, call.column)
        case "timestamp", method if method in INSTANT_PARTS:
            return _instant_part(call, receiver)
        case "duration", method if method in DURATION_UNITS and not arguments:
            return apply("duration_in", INT, receiver, detail=DURATION_UNITS[method])
    shown = ", ".join(str(type) for type in types)
    raise refusal(
        call.column, f"a {receiver.type} has no supported method {call.function}({shown}); {_known(receiver)}"
    )


def _known(receiver: Node) -> str:
    known = {
        "string": [*STRING_METHODS, "matches", "size"],
        "list": ["size", "exists", "all"],
        "map": ["size", "exists", "all"],
        "timestamp": list(INSTANT_PARTS),
        "duration": list(DURATION_UNITS),
    }.get(receiver.type.name, [])
    return f"known are {', '.join(known)}" if known else "it has none; use operators"


def _instant_part(call: Call, receiver: Node) -> Node:
    offset = 0
    match call.arguments:
        case ():
            pass
        case (Literal(value=str() as zone),):
            offset = read_offset(zone, call.column)
        case _:
            raise refusal(
                call.column, f".{call.function}() takes nothing, or an offset written in place such as '+01:00'"
            )
    return apply("part_" + INSTANT_PARTS[call.function], INT, receiver, detail=offset)


def _fold(checker: Checker, call: Call, scope: Scope) -> Node:
    assert call.receiver is not None
    if len(call.arguments) != 2 or not isinstance(call.arguments[0], Name):
        raise refusal(
            call.column, f".{call.function}() takes a variable and a condition, as in .{call.function}(x, x != 'spa')"
        )
    name, body = call.arguments[0].name, call.arguments[1]
    if isinstance(call.receiver, Items):
        return _unrolled(checker, call, name, scope)
    range = checker.check(call.receiver, scope)
    if range.type.name not in ("list", "map"):
        raise refusal(call.column, f".{call.function}() goes over a list or the keys of a map, not a {range.type}")
    depth = 1 + max((depth for node in scope.values() for depth in node.variables), default=-1)
    inner = checker.check(body, {**scope, name: variable(STRING, range.binding, depth)})
    if inner.type != BOOL:
        raise refusal(body.column, f"the condition of .{call.function}() is a {inner.type}; compare it with something")
    return fold(call.function, range, inner, depth)


def _unrolled(checker: Checker, call: Call, name: str, scope: Scope) -> Node:
    """A macro over a list written in place: one condition per item."""
    assert isinstance(call.receiver, Items)
    conditions = []
    for item in call.receiver.items:
        if not isinstance(item, Literal):
            raise refusal(
                item.column,
                f".{call.function}() over a list written in place takes literals; name an attribute or write a literal",
            )
        condition = checker.check(call.arguments[1], {**scope, name: checker.check(item, scope)})
        if condition.type != BOOL:
            raise refusal(
                call.arguments[1].column,
                f"the condition of .{call.function}() is a {condition.type}; compare it with something",
            )
        conditions.append(condition)
    if not conditions:
        return constant(BOOL, call.function == "all")
    return apply("or" if call.function == "exists" else "and", BOOL, *conditions)
