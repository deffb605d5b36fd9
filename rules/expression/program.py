"""Several expressions compiled into one graph."""

from collections.abc import Callable, Sequence

import numpy as np

from rules.expression.binding import Binding
from rules.expression.bound_program import BoundProgram
from rules.expression.cell import Cell, settled
from rules.expression.compilation import Expression
from rules.expression.frame import Frame
from rules.expression.graph import Graph
from rules.expression.tape import no_number
from rules.offer import OfferTable


class Program:
    """Expressions compiled together; bind it to a table of offers to run it."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self.expressions = tuple(expressions)
        self.graph = Graph(expression.node for expression in self.expressions)

    def bind(
        self, offers: OfferTable, word_number: Callable[[str], float] = no_number, judged: int = 0
    ) -> BoundProgram:
        """Evaluate what depends on the offers alone, once; the rest runs per request.

        For `BoundProgram.answer`, the first `judged` expressions are bools that are judged; of the others `word_number`
        says what number a string is.
        """
        known = [shared.node.binding is Binding.OFFER and not shared.node.variables for shared in self.graph.nodes]
        slots: list[Cell | None] = [None] * len(known)
        frame = Frame({}, offers, slots, self.graph.steps)
        with np.errstate(all="ignore"):
            for slot, offer_only in enumerate(known):
                if offer_only:
                    data, error = frame.get(slot)
                    slots[slot] = (data, settled(error))
        return BoundProgram(
            self.expressions,
            self.graph,
            [cell if offer_only else None for cell, offer_only in zip(slots, known, strict=True)],
            offers,
            word_number,
            judged,
        )
