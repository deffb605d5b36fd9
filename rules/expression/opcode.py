"""Which operations the tape computes, and with which instruction.

The tape computes bools, numbers and the codes of words. Words themselves (tests and functions of strings but equality),
lists and maps of offers, and macros are `step`'s, whose results enter the tape as inputs.
"""

from rules.expression import tape_kernel as kernel
from rules.expression.node import Node
from rules.expression.time_literal import EARLIEST, LATEST, LONGEST

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

_COMPARED = {"equal": (0, False), "unequal": (1, False), "less": (2, False), "at_most": (3, False)}
_COMPARED |= {"greater": (2, True), "at_least": (3, True), "equal_strings": (0, False), "unequal_strings": (1, False)}

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


def comparison(node: Node) -> tuple[int, bool] | None:
    """The instruction of a comparison, and whether its operands change places."""
    if node.op not in _COMPARED:
        return None
    order, mirrored = _COMPARED[node.op]
    of = node.operands[0].type.name
    if of == "bool":
        return (kernel.SAME, kernel.OTHER)[order], False
    return (kernel.EQUAL_FLOATS if of == "float" else kernel.EQUAL_INTS) + order, mirrored
