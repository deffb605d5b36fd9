"""`exists` and `all`: the body once per item of a list or key of a map, joined as CEL's macros are."""

from collections.abc import Iterator, Sequence

import numpy as np

from rules.expression.cell import FAILED, Cell, Data, Grid, Members
from rules.expression.frame import Frame, Step
from rules.expression.tape_kernel import FALSE, TRUE, WRONG, States
from rules.expression.truth import cell_of_states, states_of


def quantifier(exists: bool, range: int, body: int, variable: int | None, dependents: Sequence[int]) -> Step:
    """The step of a macro; `dependents` are the slots that change with its variable."""
    join = np.maximum if exists else np.minimum
    neutral, deciding = (FALSE, TRUE) if exists else (TRUE, FALSE)

    def step(frame: Frame) -> Cell:
        where, missing = frame.get(range)
        if missing is True:
            return FAILED
        states: States = np.array([neutral], np.uint8)
        for word, held in _items(where):
            for slot in dependents:
                frame.slots[slot] = None
            if variable is not None:
                frame.slots[variable] = (word, False)
            states = join(states, np.where(held, states_of(frame.get(body)), np.uint8(neutral)))
            if (states == deciding).all():
                break
        return cell_of_states(np.where(missing, np.uint8(WRONG), states))

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
