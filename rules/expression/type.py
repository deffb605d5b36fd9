"""The static types of the rule language."""

from typing import Literal

import msgspec

TypeName = Literal["bool", "int", "float", "string", "timestamp", "duration", "list", "map"]


class Type(msgspec.Struct, frozen=True):
    """A type; lists and maps also say what their items or values are (map keys are strings)."""

    name: TypeName
    item: TypeName | None = None

    def __str__(self) -> str:
        if self.name == "list":
            return f"list of {_cel_name(self.item)}"
        if self.name == "map":
            return f"map of string to {_cel_name(self.item)}"
        return _cel_name(self.name)

    @property
    def is_scalar(self) -> bool:
        """Whether one cell of a column holds it."""
        return self.name not in ("list", "map")


def _cel_name(name: TypeName | None) -> str:
    return {"float": "double", None: "nothing"}.get(name, str(name))


BOOL = Type("bool")
INT = Type("int")
FLOAT = Type("float")
STRING = Type("string")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")
STRINGS = Type("list", "string")
FLOATS_BY_NAME = Type("map", "float")
INTS_BY_NAME = Type("map", "int")

BY_ATTRIBUTE_TYPE: dict[str, Type] = {
    "bool": BOOL,
    "int": INT,
    "float": FLOAT,
    "string": STRING,
    "timestamp": TIMESTAMP,
    "list": STRINGS,
    "map": FLOATS_BY_NAME,
}
"""The expression type of each attribute type of the workspace."""
