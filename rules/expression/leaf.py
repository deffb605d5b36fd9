"""Leaves: offer columns as cells, and facts of a request as cells."""

from typing import Any

import numpy as np

from rules.expression.cell import FAILED, Cell, Coded, Data, Grid, Members, Vocabulary, settled
from rules.expression.type import TypeName
from rules.facts import Facts, FactValue
from rules.offer import Column, OfferTable


def read_column(offers: OfferTable, name: str) -> Cell:
    """An offer column; rows without the attribute are errors, and a missing column is absent everywhere."""
    column = offers.columns.get(name)
    if column is None:
        return FAILED
    error = settled(~column.present)
    return FAILED if error is True else (_column_data(column), error)


def has_column(offers: OfferTable, name: str) -> Cell:
    """Which offers have an attribute."""
    column = offers.columns.get(name)
    return (column.present if column is not None else False), False


def _column_data(column: Column) -> Data:
    if column.type == "string":
        return Coded(column.data.astype(np.intp), Vocabulary(column.words or ("",)))
    if column.type == "list":
        return Members(column.data.astype(np.bool_), Vocabulary(column.words))
    if column.type == "map":
        return Grid(column.data.astype(np.float64), Vocabulary(column.words))
    return column.data


def read_fact(facts: Facts, path: str, type: TypeName) -> Cell:
    """A fact; an absent one is an error."""
    value = facts.get(path)
    if value is None:
        return FAILED
    return _plain(value, type), False


def _plain(value: FactValue, type: TypeName) -> Any:
    # Numpy scalars would turn errors of plain arithmetic into warnings; an int given for a float would divide as one.
    if type == "float":
        return float(value)  # type: ignore[arg-type]
    if type in ("int", "timestamp"):
        return int(value)  # type: ignore[arg-type]
    if type == "bool":
        return bool(value)
    return value
