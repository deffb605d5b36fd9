"""A program bound to a table of offers: what runs per request."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.expression.binding import Binding
from rules.expression.cell import Cell
from rules.expression.certainty import certainty
from rules.expression.compilation import Expression
from rules.expression.frame import Frame
from rules.expression.graph import Graph
from rules.expression.intake import Intake, Taken
from rules.expression.tape import Outlet, Tape
from rules.expression.value import Value, value_of
from rules.facts import Facts
from rules.offer import OfferTable


class Answers(NamedTuple):
    """What a program says of one request: `verdicts` of its judged bools, numbers of its other expressions.

    `verdicts` (bools × rows) is 2 where a bool is true, 1 where it is an error, 0 where it is false. `request` has the
    numbers of request-bound expressions, `others` (others × rows) those of the rest, NaN where they are errors: a bool
    is 0 or 1, a string the number that the program was bound with for it.
    """

    verdicts: NDArray[np.uint8]
    request: NDArray[np.float64]
    others: NDArray[np.float64]


class BoundProgram:
    """Expressions over the rows of one table; offer-only parts are already arrays."""

    def __init__(
        self,
        expressions: Sequence[Expression],
        graph: Graph,
        slots: Sequence[Cell | None],
        offers: OfferTable,
        word_number: Callable[[str], float],
        judged: int,
    ) -> None:
        self.expressions = tuple(expressions)
        self.offers = offers
        self._graph = graph
        self._slots = list(slots)
        self._word_number = word_number
        self._judged = judged
        self._roots = tuple(
            (slot, expression.node.type.name, self._known(slot, expression))
            for slot, expression in zip(graph.roots, self.expressions, strict=True)
        )

    def run(self, facts: Facts) -> tuple[Value, ...]:
        """One value per expression, in order; never raises for well-typed facts."""
        computed = iter(self._cells.cells(facts, self._frame(facts, self._cells)))
        return tuple(value_of(type, next(computed)) if known is None else known for _, type, known in self._roots)

    def answer(self, facts: Facts) -> Answers:
        """The verdicts of the expressions that are judged, and the numbers of the others."""
        (request, _), (others, verdicts), _ = self._answers.run(facts, self._frame(facts, self._answers))
        return Answers(verdicts, request, others)

    def answer_taken(self, taken: Taken) -> Answers:
        """The same, of what the `intake` would take of the facts."""
        (request, _), (others, verdicts) = self._answers.run_taken(taken)
        return Answers(verdicts, request, others)

    @property
    def intake(self) -> Intake | None:
        """What `answer` takes of a request, None where it takes more than facts."""
        return None if self._answers.needs_frame else self._answers.intake

    @property
    def numbers_words(self) -> bool:
        """Whether `answer` wants the numbers of new words."""
        return self._answers.numbers_words

    def _frame(self, facts: Facts, tape: Tape) -> Frame | None:
        return Frame(facts, self.offers, self._slots.copy(), self._graph.steps) if tape.needs_frame else None

    @cached_property
    def _cells(self) -> Tape:
        roots = [slot for slot, _, known in self._roots if known is None]
        return self._tape(["cells"] * len(roots), roots, [self._graph.nodes[slot].wide for slot in roots])

    @cached_property
    def _answers(self) -> Tape:
        others = self.expressions[self._judged :]
        wide = [True] * self._judged + [expression.binding is not Binding.REQUEST for expression in others]
        verdicts: list[Outlet] = ["verdicts"] * self._judged
        numbers: list[Outlet] = ["numbers"] * len(others)
        return self._tape(verdicts + numbers, self._graph.roots, wide)

    def _tape(self, outlets: Sequence[Outlet], roots: Sequence[int], wide: Sequence[bool]) -> Tape:
        return Tape(self._graph.nodes, roots, wide, len(self.offers), outlets, self._slots, self._word_number)

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
