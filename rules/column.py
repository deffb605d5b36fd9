"""Columns made from plain values, and plain values read back from columns."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from rules.attribute import Value
from rules.offer import Column
from rules.workspace import AttributeType

_NUMBERS: dict[AttributeType, type[np.generic]] = {
    "int": np.int64,
    "timestamp": np.int64,
    "float": np.float64,
    "bool": np.bool_,
}


def make_column(type: AttributeType, values: Sequence[Value | None]) -> Column:
    """A column of one value per row, None where the attribute is absent; every value already fits the type."""
    present = np.array([value is not None for value in values], dtype=np.bool_)
    if type in _NUMBERS:
        numbers = np.array([0 if value is None else value for value in values], dtype=_NUMBERS[type])
        return Column(type, numbers, present)
    words = tuple(sorted({word for value in values for word in _words(value)}))
    codes = {word: code for code, word in enumerate(words)}
    if type == "string":
        return Column(type, np.array([codes.get(cast(str, value), 0) for value in values], np.int32), present, words)
    data: NDArray[np.bool_] | NDArray[np.float64]
    if type == "list":
        data = np.zeros((len(values), len(words)), np.bool_)
    else:
        data = np.full((len(values), len(words)), np.nan)
    for row, value in enumerate(values):
        for word in _words(value):
            data[row, codes[word]] = value[word] if isinstance(value, dict) else True
    return Column(type, data, present, words)


def value_at(column: Column, row: int) -> Value | None:
    """The value in one row, None where it is absent; a list comes back in the order of its words."""
    if not column.present[row]:
        return None
    cell = column.data[row]
    if column.type == "string":
        return column.words[int(cell)]
    if column.type == "list":
        return tuple(word for word, held in zip(column.words, cell, strict=True) if held)
    if column.type == "map":
        return {word: float(number) for word, number in zip(column.words, cell, strict=True) if not np.isnan(number)}
    return cast(Value, cell.item())


def _words(value: Value | None) -> Sequence[str] | Mapping[str, float]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple | dict) else ()
