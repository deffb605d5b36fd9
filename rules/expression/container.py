"""Lists and maps of offers: membership, look-up by key, size. Look-ups in those of a request are the tape's."""

from typing import Any

import numpy as np

from rules.expression.cell import Cell, Coded, Data, Grid, Members


def in_list(item: Data, where: Members) -> Data:
    """Whether a list holds a string."""
    if isinstance(item, Coded):
        return _rowwise(where.matrix, item.codes_in(where.vocabulary), False)
    code = where.vocabulary.index.get(item)
    return False if code is None else where.matrix[:, code]


def find(where: Grid, key: Data) -> Data:
    """The values of a map at keys, and where they are missing: shared by `in`, `has` and `[key]`.

    Gives a pair (values, missing), each scalar or array.
    """
    if isinstance(key, Coded):
        values = _rowwise(where.matrix, key.codes_in(where.vocabulary), np.nan)
    else:
        code = where.vocabulary.index.get(key)
        if code is None:
            return 0.0, True
        values = where.matrix[:, code]
    return values, np.isnan(values)


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


def value_of(pair: tuple[Data, Data]) -> Cell:
    """The value at the key; an error where it is missing."""
    return pair


def size_of_container(where: Data) -> Data:
    """How many items a list holds, or keys a map."""
    if isinstance(where, Members):
        return where.matrix.sum(axis=1, dtype=np.int64)
    if isinstance(where, Grid):
        return (~np.isnan(where.matrix)).sum(axis=1, dtype=np.int64)
    return len(where)
