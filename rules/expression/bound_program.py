"""A program bound to a table of offers: what runs per request."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.expression.binding import Binding
from rules.expression.cell import Cell
from rules.expression.certainty import certainty
from rules.expression.compilation import Expression
from rules.expression.frame import Frame
from rules.expression.graph import Graph
from rules.expression.value import Value, value_of
from rules.facts import Facts
from rules.offer import OfferTable


class BoundProgram:
    """Expressions over the rows of one table; offer-only parts are already arrays."""

    def __init__(
        self, expressions: Sequence[Expression], graph: Graph, slots: Sequence[Cell | None], offers: OfferTable
    ) -> None:
        self.expressions = tuple(expressions)
        self.offers = offers
        self._graph = graph
        self._slots = list(slots)
        self._roots = tuple(
            (slot, expression.node.type.name, self._known(slot, expression))
            for slot, expression in zip(graph.roots, self.expressions, strict=True)
        )

    def run(self, facts: Facts) -> tuple[Value, ...]:
        """One value per expression, in order; never raises for well-typed facts."""
        frame = Frame(facts, self.offers, self._slots.copy(), self._graph.steps)
        with np.errstate(all="ignore"):
            return tuple(
                known if known is not None else value_of(type, frame.get(slot)) for slot, type, known in self._roots
            )

    def always(self, index: int) -> NDArray[np.int8]:
        """Per row, whether bool `index` is surely true (1) or surely not (0) whatever the facts, or depends (-1).

        Sound but not complete: a contradiction is found where it lies in has(), closed sets, equalities and ranges of
        single facts, however they are joined.
        """
        known = self._roots[index][2]
        if known is not None:
            return np.broadcast_to(known.passes, (len(self.offers),)).astype(np.int8)
        return certainty(self._graph, self._roots[index][0], self._slots, self.expressions[index], len(self.offers))

    def _known(self, slot: int, expression: Expression) -> Value | None:
        cell = self._slots[slot]
        if cell is None or expression.binding is not Binding.OFFER:
            return None
        return value_of(expression.node.type.name, cell)
