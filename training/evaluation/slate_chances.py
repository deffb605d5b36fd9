"""What a policy would put at any rank of a slate, given the offers above: the slate's draw, in closed form."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from decision.engine.slate import first_rank
from decision.engine.weighing import Weighing
from rules.ids import OfferId
from training.evaluation.actions import Floats
from training.evaluation.policies import CONSTANT, NOTHING, UNIFORM, one_of, silence_of

Mask = NDArray[np.bool_]


def rank_chances(
    weighings: Mapping[str, Weighing], order: Sequence[OfferId], taken: Sequence[int]
) -> dict[str, Floats]:
    """Each policy's chance of every candidate, and last of ending the slate, at the rank after the candidates taken.

    `weighings` are by model. `constant` and `uniform` keep the placement's limits. They, and `nothing`, know of no
    mandatory offer.
    """
    chances = {}
    for name, weighing in weighings.items():
        free, due = _left(weighing, taken)
        exploration = weighing.placement.bound.spec.exploration
        chances[name] = first_rank(weighing.scores, free, exploration, due, weighing.may_show_none and not due)
    weighing = next(iter(weighings.values()))
    free, _ = _left(weighing, taken)
    number = int(free.sum())
    chances[CONSTANT] = one_of(weighing, free, order)
    chances[UNIFORM] = np.append(free / max(number, 1), float(number == 0))
    chances[NOTHING] = silence_of(weighing)
    return chances


def _left(weighing: Weighing, taken: Sequence[int]) -> tuple[Mask, list[int]]:
    """Who may still be drawn, and which mandatory candidates come before any draw, in order.

    What is taken fills limits: a full one holds back all that it counts, but what is mandatory only if it is strict.
    """
    limits, mandatory = weighing.limits, weighing.placement.mandatory.tolist()
    free = weighing.open.copy()
    free[list(taken)] = False
    allowed = free.copy()
    for codes, room, strict in zip(limits.codes, limits.room, limits.strict, strict=True):
        counts = np.bincount(codes[[one for one in taken if codes[one] >= 0]], minlength=len(room))
        full = np.isin(codes, np.flatnonzero((counts >= room) & (counts > 0)))
        free &= ~full
        if strict:
            allowed &= ~full
    drawn = any(one not in mandatory for one in taken)
    due = [] if drawn else [one for one in mandatory if allowed[one]]
    if due:
        free[due[0]] = True
    return free, due
