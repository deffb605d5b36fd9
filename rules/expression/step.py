"""From typed nodes to steps: which function computes what the tape does not, and how errors pass through it."""

from collections.abc import Callable, Sequence
from typing import Any

from rules.expression import container, text
from rules.expression.cell import FAILED, Cell, either
from rules.expression.frame import Frame, Step
from rules.expression.leaf import has_column, read_column, read_fact
from rules.expression.node import Node

Kernel = Callable[..., Any]

_PLAIN: dict[str, Kernel] = {
    "less_strings": text.less_strings,
    "at_most_strings": text.at_most_strings,
    "greater_strings": text.greater_strings,
    "at_least_strings": text.at_least_strings,
    "starts_with": text.starts_with,
    "ends_with": text.ends_with,
    "contains": text.contains,
    "concatenate": text.concatenate,
    "size_of_string": text.size_of_string,
    "size_of_list": container.size_of_container,
    "size_of_map": container.size_of_container,
    "in_list": container.in_list,
    "find": container.find,
    "found": container.found,
}
"""Functions that give data and never fail."""


def build_step(node: Node, slots: Sequence[int]) -> Step:  # noqa: PLR0911 - one case per kind of node
    """The step of a node whose operands lie in these slots; macros are the graph's, which knows their variables."""
    match node.op:
        case "constant":
            cell: Cell = (node.detail, False)
            return lambda _: cell
        case "fact":
            path, kind = str(node.detail), node.type.name
            return lambda frame: read_fact(frame.facts, path, kind)
        case "has_fact":
            path = str(node.detail)
            return lambda frame: (path in frame.facts, False)
        case "column":
            name = str(node.detail)
            return lambda frame: read_column(frame.offers, name)
        case "has_column":
            name = str(node.detail)
            return lambda frame: has_column(frame.offers, name)
        case "variable":
            return _unbound
        case "value":
            return _strict(container.value_of, True, False, slots)
        case "matches":
            return _strict(text.matches(str(node.detail)), False, True, slots)
    return _strict(_PLAIN[node.op], False, node.type.name == "bool", slots)


def _unbound(_: Frame) -> Cell:
    raise AssertionError("a macro variable was read outside its macro")


def _strict(kernel: Kernel, failing: bool, is_bool: bool, slots: Sequence[int]) -> Step:
    def step(frame: Frame) -> Cell:
        cells = [frame.get(slot) for slot in slots]
        error: Any = False
        for cell in cells:
            error = either(error, cell[1])
        if error is True:
            return FAILED
        data = [cell[0] for cell in cells]
        result, own = kernel(*data) if failing else (kernel(*data), False)
        error = either(error, own)
        if error is True:
            return FAILED
        if is_bool and error is not False and result is not False:
            result = result & ~error
        return result, error

    return step
