"""Which operations the tape computes, and with which instruction.

The tape computes bools, numbers and the codes of words. Words themselves (tests and functions of strings but equality),
lists and maps of offers, and macros are `step`'s, whose results enter the tape as inputs.
"""

from typing import NamedTuple

from rules.expression import tape_kernel as kernel
from rules.expression.node import Node
from rules.expression.time_literal import EARLIEST, LATEST, LONGEST
from rules.expression.type import TypeName

DIRECT = {
    "add_ints": kernel.ADD_INTS,
    "subtract_ints": kernel.SUBTRACT_INTS,
    "multiply_ints": kernel.MULTIPLY_INTS,
    "divide_ints": kernel.DIVIDE_INTS,
    "remainder_ints": kernel.REMAINDER_INTS,
    "add_floats": kernel.ADD_FLOATS,
    "subtract_floats": kernel.SUBTRACT_FLOATS,
    "multiply_floats": kernel.MULTIPLY_FLOATS,
    "divide_floats": kernel.DIVIDE_FLOATS,
    "not": kernel.NOT,
    "negate_float": kernel.NEGATE_FLOAT,
    "double_of_int": kernel.FLOAT_OF_INT,
    "int_of_double": kernel.INT_OF_FLOAT,
}
BOUNDED = {
    "add_to_instant": (kernel.ADD_INTS, EARLIEST, LATEST),
    "subtract_from_instant": (kernel.SUBTRACT_INTS, EARLIEST, LATEST),
    "add_durations": (kernel.ADD_INTS, -LONGEST, LONGEST),
    "subtract_durations": (kernel.SUBTRACT_INTS, -LONGEST, LONGEST),
}
"""Sums and differences that must stay in a range."""


class Comparison(NamedTuple):
    """An instruction, whether its operands change places, and whether its answer is turned round."""

    op: int
    mirrored: bool = False
    negated: bool = False


_COMPARED = {
    "equal": Comparison(kernel.EQUAL_INTS),
    "unequal": Comparison(kernel.EQUAL_INTS, negated=True),
    "less": Comparison(kernel.LESS_INTS),
    "at_most": Comparison(kernel.AT_MOST_INTS),
    "greater": Comparison(kernel.LESS_INTS, mirrored=True),
    "at_least": Comparison(kernel.AT_MOST_INTS, mirrored=True),
    "equal_strings": Comparison(kernel.EQUAL_INTS),
    "unequal_strings": Comparison(kernel.EQUAL_INTS, negated=True),
}

DATES = {
    "year": (kernel.YEAR, 0),
    "month": (kernel.MONTH, 0),
    "date": (kernel.DAY_OF_MONTH, 1),
    "day_of_month": (kernel.DAY_OF_MONTH, 0),
    "day_of_year": (kernel.DAY_OF_YEAR, 0),
    "day_of_week": (kernel.DAY_OF_WEEK, 0),
}
"""Parts of the date, and from which number they count."""

CLOCK = {"hours": (3_600_000, 24), "minutes": (60_000, 60), "seconds": (1_000, 60), "milliseconds": (1, 1_000)}
"""Parts of the time of day: their length in ms, and how many there are."""

_OTHERS = {"and", "or", "choose", "in_items", "negate_int", "int_of_instant", "duration_in", "constant"}
_OTHERS |= {"fact", "has_fact"}
_ALWAYS = {*DIRECT, *BOUNDED, *_COMPARED, *_OTHERS}


def is_on_tape(node: Node) -> bool:
    """Whether the tape computes an operation; a look-up only when the list or map is a request's."""
    match node.op:
        case "in_list":
            return node.operands[1].op == "fact"
        case "found" | "value":
            return node.operands[0].operands[0].op == "fact"
    return node.type.is_scalar and (node.op in _ALWAYS or node.op.startswith("part_"))


def comparison(node: Node) -> Comparison | None:
    """How a comparison is computed, if it is one."""
    compared = _COMPARED.get(node.op)
    if compared is None:
        return None
    of = node.operands[0].type.name
    if of == "float":
        return compared._replace(op=compared.op + kernel.EQUAL_FLOATS - kernel.EQUAL_INTS)
    return compared._replace(op=kernel.SAME) if of == "bool" else compared


def equality(of: TypeName) -> int:
    """The instruction that tells whether two values of a type are the same."""
    return kernel.SAME if of == "bool" else kernel.EQUAL_FLOATS if of == "float" else kernel.EQUAL_INTS
