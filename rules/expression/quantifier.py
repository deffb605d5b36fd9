"""`exists` and `all`: the body once per item of a list or key of a map, joined as CEL's macros are."""

from collections.abc import Iterator, Sequence

import numpy as np

from rules.expression.cell import FAILED, Cell, Data, Error, Grid, Members, either
from rules.expression.frame import Frame, Step
from rules.expression.logic import conjunction, disjunction


def quantifier(exists: bool, range: int, body: int, variable: int | None, dependents: Sequence[int]) -> Step:
    """The step of a macro; `dependents` are the slots that change with its variable."""

    def step(frame: Frame) -> Cell:
        where, missing = frame.get(range)
        if missing is True:
            return FAILED
        cell: Cell = (not exists, False)
        for word, held in _items(where):
            for slot in dependents:
                frame.slots[slot] = None
            if variable is not None:
                frame.slots[variable] = (word, False)
            result = frame.get(body)
            if exists:
                cell = disjunction(cell, conjunction((held, False), result))
            else:
                outside = ~held if isinstance(held, np.ndarray) else False
                cell = conjunction(cell, disjunction((outside, False), result))
            if cell[1] is False and cell[0] is exists:
                break
        return _failing(cell, missing)

    return step


def _items(where: Data) -> Iterator[tuple[str, Data]]:
    """Each word with the rows that hold it."""
    if isinstance(where, Members):
        for code, word in enumerate(where.vocabulary.words):
            yield word, where.matrix[:, code]
    elif isinstance(where, Grid):
        for code, word in enumerate(where.vocabulary.words):
            yield word, ~np.isnan(where.matrix[:, code])
    else:
        for word in where:
            yield word, True


def _failing(cell: Cell, missing: Error) -> Cell:
    """The cell with the rows where the list itself is absent marked as errors."""
    if missing is False:
        return cell
    data, error = cell
    if data is not False:
        data = ~missing if data is True else data & ~missing
    return data, either(error, missing)
