"""The three states of a bool, one byte each.

CEL's logic, in which a deciding operand absorbs the errors of the others, is Kleene's with the error in the middle:
`&&` is the smaller state, `||` the larger.
"""

import numpy as np
from numpy.typing import NDArray

from rules.expression.cell import FAILED, Cell, settled
from rules.expression.tape_kernel import TRUE, WRONG

States = NDArray[np.uint8]


def states_of(cell: Cell) -> States:
    """The states of a bool, one or one per row."""
    data, error = cell
    return np.where(error, np.uint8(WRONG), np.multiply(data, TRUE, dtype=np.uint8))


def cell_of_states(states: States) -> Cell:
    """A bool of these states, scalar when there is one."""
    if len(states) == 1:
        return FAILED if states[0] == WRONG else (bool(states[0] == TRUE), False)
    error = settled(states == WRONG)
    return FAILED if error is True else (states == TRUE, error)
