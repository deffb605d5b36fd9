"""Lists and maps: membership, look-up by key, size."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rules.expression.cell import Cell, Coded, Data, Grid, Members
from rules.expression.text import equal_strings


def in_list(item: Data, where: Data) -> Data:
    """Whether a list holds a string."""
    if isinstance(where, Members):
        if isinstance(item, Coded):
            return _rowwise(where.matrix, item.codes_in(where.vocabulary), False)
        code = where.vocabulary.index.get(item)
        return False if code is None else where.matrix[:, code]
    if not isinstance(item, Coded):
        return item in where
    if not where:
        return False
    index = item.vocabulary.index
    codes = [code for word in where if (code := index.get(word)) is not None]
    if not codes:
        return False
    held = np.zeros(len(index), np.bool_)
    held[codes] = True
    return held[item.codes]


def in_items(item: Data, *items: Data) -> Data:
    """Whether a value equals one of the items written in the source."""
    if isinstance(item, Coded) or any(isinstance(other, Coded) for other in items):
        return _any(equal_strings(item, other) for other in items)
    return _any(item == other for other in items)


def _any(tests: Any) -> Data:
    found: Data = False
    for test in tests:
        if test is True:
            return True
        if test is not False:
            found = test if found is False else found | test
    return found


def find(where: Data, key: Data) -> Data:
    """The values of a map at keys, and where they are missing: shared by `in`, `has` and `[key]`.

    Gives a pair (values, missing), each scalar or array.
    """
    if isinstance(where, Grid):
        if isinstance(key, Coded):
            values = _rowwise(where.matrix, key.codes_in(where.vocabulary), np.nan)
        else:
            code = where.vocabulary.index.get(key)
            if code is None:
                return 0, True
            values = where.matrix[:, code]
        return values, np.isnan(values)
    if not isinstance(key, Coded):
        value = where.get(key)
        return (0, True) if value is None else (value, False)
    return _find_coded(where, key)


def _find_coded(where: Mapping[str, Any], key: Coded) -> tuple[Data, Data]:
    index = key.vocabulary.index
    if len(where) <= len(index):
        found = [(code, value) for word, value in where.items() if (code := index.get(word)) is not None]
    else:
        found = [(code, where[word]) for word, code in index.items() if word in where]
    if not found:
        return 0, True
    codes, values = zip(*found, strict=True)
    at = np.array(codes, np.intp)
    given = np.array(values)
    table = np.zeros(len(index), np.int64 if given.dtype.kind == "i" else np.float64)
    table[at] = given
    missing = np.ones(len(index), np.bool_)
    missing[at] = False
    return table[key.codes], missing[key.codes]


def find_or(otherwise: Any, where: Data, key: Data) -> Data:
    """The values of a map at keys, and a number of the same type where they are missing."""
    if isinstance(where, Grid) or not isinstance(key, Coded):
        values, missing = find(where, key)
        if isinstance(missing, np.ndarray):
            return np.where(missing, otherwise, values)
        return otherwise if missing else type(otherwise)(values)
    index = key.vocabulary.index
    table = np.full(len(index), otherwise)
    for word, value in where.items():
        code = index.get(word)
        if code is not None:
            table[code] = value
    return table[key.codes]


def _rowwise(matrix: Any, codes: Any, otherwise: Any) -> Any:
    if not matrix.shape[1]:
        return np.full(len(codes), otherwise)
    known = codes >= 0
    taken = matrix[np.arange(len(codes)), np.where(known, codes, 0)]
    return np.where(known, taken, otherwise)


def found(pair: tuple[Data, Data]) -> Data:
    """Whether the key was there."""
    missing = pair[1]
    return ~missing if isinstance(missing, np.ndarray) else not missing


def value_of_float(pair: tuple[Data, Data]) -> Cell:
    """The double at the key; an error where it is missing."""
    values, missing = pair
    if isinstance(values, np.ndarray):
        return (values if values.dtype.kind == "f" else values.astype(np.float64)), missing
    return float(values), missing


def value_of_int(pair: tuple[Data, Data]) -> Cell:
    """The int at the key; an error where it is missing."""
    values, missing = pair
    return (values if isinstance(values, np.ndarray) else int(values)), missing


def size_of_container(where: Data) -> Data:
    """How many items a list holds, or keys a map."""
    if isinstance(where, Members):
        return where.matrix.sum(axis=1, dtype=np.int64)
    if isinstance(where, Grid):
        return (~np.isnan(where.matrix)).sum(axis=1, dtype=np.int64)
    return len(where)
