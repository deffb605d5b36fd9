"""One evaluation: the facts, and a slot per node that is filled when it is first asked for."""

from collections.abc import Callable, Sequence

from rules.expression.cell import Cell
from rules.facts import Facts
from rules.offer import OfferTable


class Frame:
    """The state of one evaluation; nodes ask it for their operands, so what decides early spares the rest."""

    __slots__ = ("facts", "offers", "slots", "steps")

    def __init__(self, facts: Facts, offers: OfferTable, slots: list[Cell | None], steps: "Sequence[Step]") -> None:
        self.facts = facts
        self.offers = offers
        self.slots = slots
        self.steps = steps

    def get(self, slot: int) -> Cell:
        """The cell of a node, computed once."""
        cell = self.slots[slot]
        if cell is None:
            cell = self.slots[slot] = self.steps[slot](self)
        return cell


Step = Callable[[Frame], Cell]
"""How one node is computed."""
