"""Which offers a selector takes: those for which it is surely true."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression import Expression, Program
from rules.offer import OfferTable


class Selection(msgspec.Struct, frozen=True, eq=False):
    """The offers a selector takes, and those it cannot tell about (they lack an attribute); both bool per row."""

    taken: NDArray[np.bool_]
    unsure: NDArray[np.bool_]


def select(expressions: Sequence[Expression], offers: OfferTable) -> tuple[Selection, ...]:
    """What each offer-only expression selects from a table."""
    values = Program(expressions).bind(offers).run({})
    shape = (len(offers),)
    selections = []
    for value in values:
        data = np.broadcast_to(np.asarray(value.data, np.bool_), shape)
        unsure = np.broadcast_to(np.asarray(value.error, np.bool_), shape)
        selections.append(Selection(data & ~unsure, unsure))
    return tuple(selections)
