"""From syntax tree to typed nodes: names are resolved, types checked, every construct accepted or refused by name."""

from collections.abc import Mapping

from rules.expression.method import check_method
from rules.expression.node import Node, apply, constant
from rules.expression.overload import CONVERSIONS, OPERATORS
from rules.expression.refusal import refusal
from rules.expression.resolution import path_of, resolve_path
from rules.expression.schema import Schema
from rules.expression.syntax import Call, Index, Items, Literal, Name, Select, Syntax
from rules.expression.time_literal import read_duration, read_timestamp
from rules.expression.type import BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type

_LITERAL_TYPES = {bool: BOOL, int: INT, float: FLOAT, str: STRING}

MOST_NODES = 20_000

Scope = Mapping[str, Node]
"""The macro variables in force, by name."""


class Checker:
    """Checks expressions against one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._checked = 0

    def check(self, syntax: Syntax, scope: Scope) -> Node:
        """The typed node of a syntax tree; raises `ExpressionError` at the first construct that is refused."""
        self._checked += 1
        if self._checked > MOST_NODES:
            raise refusal(syntax.column, "the expression grows too large when its macros are written out; split it")
        match syntax:
            case Literal(value=value):
                return constant(_LITERAL_TYPES[type(value)], value)
            case Name(name=name) if name in scope:
                return scope[name]
            case Items():
                raise refusal(
                    syntax.column, "a list can only stand at the right of `in` or before .exists() and .all()"
                )
            case Call(receiver=None):
                return self._call(syntax, scope)
            case Call():
                return check_method(self, syntax, scope)
        path = path_of(syntax, scope)
        if path is not None:
            return self._read(*resolve_path(self.schema, path, syntax.column))
        assert isinstance(syntax, Select | Index)
        return self._value(syntax, scope)

    def has(self, syntax: Syntax, scope: Scope) -> Node:
        """`has(operand.field)`: whether the attribute is there, or the map holds the key."""
        path = path_of(syntax, scope)
        if not isinstance(syntax, Select) or (path is not None and len(path) < 2):
            raise refusal(syntax.column, "has() takes an attribute such as customer.tier; write has(customer.tier)")
        if path is None:
            return self._find(syntax, scope, "found", BOOL)
        read, rest = resolve_path(self.schema, path, syntax.column)
        if rest:
            container = self._read(read, rest[:-1])
            return self._key(container, constant(STRING, rest[-1]), syntax.column, "found", BOOL)
        return Node(f"has_{read.op}", BOOL, read.binding, (), read.detail)

    def _read(self, node: Node, rest: tuple[str, ...]) -> Node:
        for key in rest:
            assert node.type.item is not None
            node = apply("value", Type(node.type.item), apply("find", node.type, node, constant(STRING, key)))
        return node

    def _value(self, syntax: Select | Index, scope: Scope) -> Node:
        container = self.check(syntax.operand, scope)
        if container.type.item is None or container.type.name == "list":
            what = (
                "a list keeps no order, so it has no [index]; write `x in list`"
                if container.type.name == "list"
                else (f"a {container.type} has nothing inside; only maps have keys")
            )
            raise refusal(syntax.column, what)
        return self._find(syntax, scope, "value", Type(container.type.item))

    def _find(self, syntax: Select | Index, scope: Scope, op: str, gives: Type) -> Node:
        container = self.check(syntax.operand, scope)
        key = constant(STRING, syntax.field) if isinstance(syntax, Select) else self.check(syntax.index, scope)
        return self._key(container, key, syntax.column, op, gives)

    def _key(self, container: Node, key: Node, column: int, op: str, gives: Type) -> Node:
        if container.type.name != "map":
            raise refusal(column, f"a {container.type} has no keys; only maps have")
        if key.type != STRING:
            raise refusal(column, f"the keys of a map are strings, not {key.type}; write a string between the brackets")
        return apply(op, gives, apply("find", container.type, container, key))

    def _call(self, call: Call, scope: Scope) -> Node:  # noqa: PLR0911, PLR0912 - one case per construct reads best
        function, column = call.function, call.column
        match function, call.arguments:
            case (("&&" | "||"), arguments):
                operands = [self.check(argument, scope) for argument in arguments]
                for operand, argument in zip(operands, arguments, strict=True):
                    if operand.type != BOOL:
                        raise refusal(
                            argument.column,
                            f"`{function}` joins bools, and this is a {operand.type}; compare it with something",
                        )
                return apply("and" if function == "&&" else "or", BOOL, *operands)
            case "?:", (condition, then, otherwise):
                return self._conditional(call, [self.check(part, scope) for part in (condition, then, otherwise)])
            case "in", (item, container):
                return self._membership(self.check(item, scope), container, scope)
            case "has", (argument,):
                return self.has(argument, scope)
            case "size", (argument,):
                return self.size(self.check(argument, scope), column)
            case "timestamp", (Literal(value=str() as text),):
                return constant(TIMESTAMP, read_timestamp(text, column))
            case "duration", (Literal(value=str() as text),):
                return constant(DURATION, read_duration(text, column))
            case (("timestamp" | "duration"), _):
                raise refusal(
                    column,
                    f"{function}() takes one string written in place; declare the attribute as a timestamp instead",
                )
            case (("double" | "int" | "string" | "bool"), (argument,)):
                return self._conversion(call, self.check(argument, scope))
        if not function.isidentifier():
            return self._operator(call, [self.check(argument, scope) for argument in call.arguments])
        if function in ("has", "size", "double", "int", "string", "bool"):
            raise refusal(column, f"{function}() takes one argument")
        raise refusal(
            column,
            f"{function}() is not a supported function; supported are has, size, int, double, timestamp and duration",
        )

    def _operator(self, call: Call, operands: list[Node]) -> Node:
        types = tuple(operand.type for operand in operands)
        found = OPERATORS.get((call.function, types))
        if found is not None:
            return apply(found[0], found[1], *operands)
        if set(types) == {INT, FLOAT}:
            fix = next(
                (
                    f"write {operand.detail}.0 instead of {operand.detail}"
                    for operand in operands
                    if operand.op == "constant" and operand.type == INT
                ),
                "wrap the int as double(…)",
            )
            raise refusal(call.column, f"`{call.function}` does not mix int and double; {fix}")
        shown = " and ".join(str(type) for type in types)
        raise refusal(
            call.column, f"`{call.function}` does not take {shown}; both sides must have one type that it knows"
        )

    def _conditional(self, call: Call, parts: list[Node]) -> Node:
        condition, then, otherwise = parts
        if condition.type != BOOL:
            raise refusal(call.column, f"the condition before `?` is a {condition.type}; compare it with something")
        if then.type != otherwise.type:
            raise refusal(call.column, f"`? :` gives {then.type} or {otherwise.type}; make both sides the same type")
        if not then.type.is_scalar:
            raise refusal(
                call.column, f"`? :` cannot choose between a {then.type} and another; choose between single values"
            )
        return apply("choose", then.type, condition, then, otherwise)

    def _membership(self, item: Node, container: Syntax, scope: Scope) -> Node:
        if isinstance(container, Items):
            items = [self.check(part, scope) for part in container.items]
            for node, part in zip(items, container.items, strict=True):
                if node.type != item.type or not item.type.is_scalar:
                    raise refusal(
                        part.column,
                        f"`in` looks for a {item.type} and this item is a {node.type}; make them the same type",
                    )
            return apply("in_items", BOOL, item, *items)
        where = self.check(container, scope)
        if where.type.is_scalar:
            raise refusal(
                container.column, f"`in` needs a list or a map at its right, and this is a {where.type}; use =="
            )
        if item.type != STRING:
            raise refusal(
                container.column, f"`in` looks for a {item.type} in a {where.type}; write a string at its left"
            )
        if where.type.name == "map":
            return apply("found", BOOL, apply("find", where.type, where, item))
        return apply("in_list", BOOL, item, where)

    def size(self, node: Node, column: int) -> Node:
        """`size(x)` or `x.size()` of a string, list or map."""
        if node.type.name not in ("string", "list", "map"):
            raise refusal(column, f"size() takes a string, list or map, not {node.type}")
        return apply(f"size_of_{node.type.name}", INT, node)

    def _conversion(self, call: Call, argument: Node) -> Node:
        if str(argument.type) == call.function:
            return argument
        found = CONVERSIONS.get((call.function, argument.type))
        if found is None:
            raise refusal(
                call.column,
                f"{call.function}() of a {argument.type} is refused; declare the attribute with the type you need",
            )
        return apply(found[0], found[1], argument)
