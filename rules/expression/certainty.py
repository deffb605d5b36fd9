"""Whether a bool is surely true or surely not, offer by offer, whatever the facts may be."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rules.expression.cell import Cell, Coded
from rules.expression.compilation import Expression
from rules.expression.graph import Graph
from rules.expression.outcome import All, Compared, Formula, Holds, OfferIs, Outcomes, Present, Some, Within
from rules.expression.region import NOWHERE, Region
from rules.expression.schema import Readable

MOST_STEPS = 5_000
"""After so many literals the answer is that it depends: `check` must end whatever the expression."""

State = tuple[object, bool]
"""One offer's own value: data and whether it is an error."""


def certainty(
    graph: Graph, slot: int, cells: Sequence[Cell | None], expression: Expression, rows: int
) -> NDArray[np.int8]:
    """Per row 1 where the bool is surely true, 0 where it surely is not, -1 where it depends (or is no bool)."""
    result = np.full(rows, -1, np.int8)
    if expression.node.type.name != "bool":
        return result
    readable = dict(expression.readable)
    outcome = Outcomes(graph, readable).of(slot)
    not_true = Some((outcome.false, outcome.wrong))
    used = sorted(_slots_of(outcome.true) | _slots_of(not_true))
    columns = [_states(cells[part], rows) for part in used]
    seen: dict[tuple[State, ...], int] = {}
    for row in range(rows):
        states = tuple(column[row] for column in columns)
        if states not in seen:
            offer = dict(zip(used, states, strict=True))
            if not _Search(offer, readable).satisfiable(outcome.true):
                seen[states] = 0
            else:
                seen[states] = -1 if _Search(offer, readable).satisfiable(not_true) else 1
        result[row] = seen[states]
    return result


def _slots_of(formula: Formula) -> set[int]:
    match formula:
        case All(parts=parts) | Some(parts=parts):
            return set[int]().union(*(_slots_of(part) for part in parts))
        case Within(slots=slots):
            return set(slots)
        case Compared(slot=slot) | OfferIs(slot=slot):
            return {slot}
    return set()


def _states(cell: Cell | None, rows: int) -> list[State]:
    assert cell is not None
    data, error = cell
    wrong = np.broadcast_to(np.asarray(error), (rows,)).tolist()
    if isinstance(data, Coded):
        values = [data.vocabulary.words[code] for code in data.codes]
    elif isinstance(data, np.ndarray):
        values = data.tolist()
    else:
        values = [data if isinstance(data, bool | int | float | str) else None] * rows
    return [(None if failed else value, failed) for value, failed in zip(values, wrong, strict=True)]


class _Search:
    """Looks for facts that satisfy a formula, for one offer's own values."""

    def __init__(self, offer: Mapping[int, State], readable: Mapping[str, Readable]) -> None:
        self._offer = offer
        self._readable = readable
        self._steps = 0

    def satisfiable(self, formula: Formula) -> bool:
        """Whether some facts satisfy it; also true when the search was given up."""
        return self._search([formula], {})

    def _search(self, pending: list[Formula], regions: dict[str, Region]) -> bool:
        choices: list[Some] = []
        while pending:
            self._steps += 1
            if self._steps > MOST_STEPS:
                return True
            formula = pending.pop()
            match formula:
                case All(parts=parts):
                    pending.extend(parts)
                case Some(parts=(part,)):
                    pending.append(part)
                case Some():
                    choices.append(formula)
                case OfferIs(slot=slot, state=state):
                    if not self._offer_is(slot, state):
                        return False
                case Present(path=path) | Compared(path=path) | Within(path=path) | Holds(path=path):
                    region = regions.get(path) or Region.of(path, self._readable.get(path))
                    regions[path] = narrowed = self._narrowed(region, formula)
                    if narrowed.empty:
                        return False
        if not choices:
            return True
        first, *rest = sorted(choices, key=lambda choice: len(choice.parts))
        return any(self._search([part, *rest], dict(regions)) for part in first.parts)

    def _offer_is(self, slot: int, state: str) -> bool:
        value, wrong = self._offer[slot]
        return wrong if state == "wrong" else not wrong and (state == "fine" or value is (state == "true"))

    def _narrowed(self, region: Region, literal: Present | Compared | Within | Holds) -> Region:
        match literal:
            case Compared() | Within() if any(self._offer[slot][1] for slot in _slots_of(literal)):
                return NOWHERE
            case Present(present=present):
                return region.present(present)
            case Holds(value=value):
                return region.compared("equal", value)
            case Compared(comparison=comparison, slot=slot):
                return region.compared(comparison, self._offer[slot][0])
            case Within(slots=slots, inside=inside):
                return region.within(frozenset(self._offer[slot][0] for slot in slots), inside)
