"""From typed nodes to steps: which kernel computes which operation, and how errors pass through it."""

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from rules.expression import arithmetic, calendar, container, text
from rules.expression.cell import FAILED, Cell, either
from rules.expression.frame import Frame, Step
from rules.expression.leaf import has_column, read_column, read_fact
from rules.expression.logic import all_of, any_of, conditional, negation
from rules.expression.node import Detail, Node

Kernel = Callable[..., Any]

_PLAIN: dict[str, Kernel] = {
    "equal": operator.eq,
    "unequal": operator.ne,
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
    "equal_strings": text.equal_strings,
    "unequal_strings": text.unequal_strings,
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
    "in_items": container.in_items,
    "find": container.find,
    "found": container.found,
    "add_floats": arithmetic.add_floats,
    "subtract_floats": arithmetic.subtract_floats,
    "multiply_floats": arithmetic.multiply_floats,
    "divide_floats": arithmetic.divide_floats,
    "negate_float": arithmetic.negate_float,
    "double_of_int": arithmetic.double_of_int,
    "int_of_instant": calendar.int_of_instant,
}
"""Kernels that give data and never fail."""

_FAILING: dict[str, Kernel] = {
    "add_ints": arithmetic.add_ints,
    "subtract_ints": arithmetic.subtract_ints,
    "multiply_ints": arithmetic.multiply_ints,
    "divide_ints": arithmetic.divide_ints,
    "remainder_ints": arithmetic.remainder_ints,
    "negate_int": arithmetic.negate_int,
    "add_to_instant": arithmetic.add_to_instant,
    "subtract_from_instant": arithmetic.subtract_from_instant,
    "add_durations": arithmetic.add_durations,
    "subtract_durations": arithmetic.subtract_durations,
    "int_of_double": arithmetic.int_of_double,
}
"""Kernels that give data and their own error."""


def build_step(node: Node, slots: Sequence[int]) -> Step:  # noqa: PLR0911 - one case per kind of node
    """The step of a node whose operands lie in these slots; macros are the program's, which knows their variables."""
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
        case "not":
            return negation(slots[0])
        case "and" | "or":
            # Operands that are scalar per request come first: they often decide, and errors are absorbed in any order.
            cheapest = [slot for _, slot in sorted(zip((_cost(part) for part in node.operands), slots, strict=True))]
            return all_of(cheapest) if node.op == "and" else any_of(cheapest)
        case "choose":
            return conditional(slots[0], slots[1], slots[2])
    kernel, failing = _kernel(node)
    is_bool = node.type.name == "bool"
    if len(slots) == 1:
        return _unary(kernel, failing, is_bool, slots[0])
    if len(slots) == 2:
        return _binary(kernel, failing, is_bool, slots[0], slots[1])
    return _strict(kernel, failing, is_bool, slots)


def lookup(where: int, key: int, otherwise: Detail) -> Step:
    """The step of `key in map ? map[key] : otherwise`, whose parts need not be computed one by one."""
    return _binary(partial(container.find_or, otherwise), False, False, where, key)


def _cost(node: Node) -> int:
    return (1, 0, 2)[node.binding]


def _unbound(_: Frame) -> Cell:
    raise AssertionError("a macro variable was read outside its macro")


def _kernel(node: Node) -> tuple[Kernel, bool]:
    if node.op in _PLAIN:
        return _PLAIN[node.op], False
    if node.op in _FAILING:
        return _FAILING[node.op], True
    if node.op == "value":
        return (container.value_of_int if node.type.name == "int" else container.value_of_float), True
    if node.op == "matches":
        return text.matches(str(node.detail)), False
    if node.op == "duration_in":
        return calendar.duration_in(int(node.detail or 1)), False
    if node.op.startswith("part_"):
        return calendar.part_of_instant(node.op.removeprefix("part_"), int(node.detail or 0)), False
    raise AssertionError(f"no kernel for {node.op}")


def _finish(data: Any, own: Any, error: Any, is_bool: bool) -> Cell:
    error = either(error, own)
    if error is False:
        return data, False
    if error is True:
        return FAILED
    if is_bool and data is not False:
        data = data & ~error if isinstance(data, np.ndarray) else ~error
    return data, error


def _unary(kernel: Kernel, failing: bool, is_bool: bool, slot: int) -> Step:
    def step(frame: Frame) -> Cell:
        data, error = frame.get(slot)
        if error is True:
            return FAILED
        result, own = kernel(data) if failing else (kernel(data), False)
        return _finish(result, own, error, is_bool)

    return step


def _binary(kernel: Kernel, failing: bool, is_bool: bool, first: int, second: int) -> Step:
    def step(frame: Frame) -> Cell:
        left, left_error = frame.get(first)
        if left_error is True:
            return FAILED
        right, right_error = frame.get(second)
        if right_error is True:
            return FAILED
        result, own = kernel(left, right) if failing else (kernel(left, right), False)
        return _finish(result, own, either(left_error, right_error), is_bool)

    return step


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
        return _finish(result, own, error, is_bool)

    return step
