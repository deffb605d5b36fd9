"""The syntax tree of an expression, before anything is known about types."""

import msgspec


class Literal(msgspec.Struct, frozen=True):
    """A bool, int, float or string written in the source."""

    value: bool | int | float | str
    column: int


class Name(msgspec.Struct, frozen=True):
    """A bare identifier."""

    name: str
    column: int


class Select(msgspec.Struct, frozen=True):
    """`operand.field`."""

    operand: "Syntax"
    field: str
    column: int


class Index(msgspec.Struct, frozen=True):
    """`operand[index]`."""

    operand: "Syntax"
    index: "Syntax"
    column: int


class Call(msgspec.Struct, frozen=True):
    """A function, an operator (named by its sign; `?:` is the conditional), or a method when there is a receiver."""

    function: str
    arguments: tuple["Syntax", ...]
    column: int
    receiver: "Syntax | None" = None


class Items(msgspec.Struct, frozen=True):
    """A list written in the source."""

    items: tuple["Syntax", ...]
    column: int


Syntax = Literal | Name | Select | Index | Call | Items
