"""How likely a side shows each offer next, under offers that stand above it."""

from collections.abc import Sequence

import numpy as np

from decision.engine.slate import mixed, powers_of
from rules.reason import Reason
from training.evaluation.actions import Floats
from training.simulation.side import Weighed

_LEAST = float(np.nextafter(0.0, 1.0))
"""The score of showing nothing, where that is a choice."""


def next_chances(one: Weighed, slots: int, above: Sequence[int]) -> Floats:
    """The exact chance of every candidate to stand next, and last of nothing: f8[n + 1].

    `above` are candidates, whether or not the side would have shown them itself.
    """
    weighing = one.weighing
    number = len(weighing.open)
    chances = np.zeros(number + 1)
    mandatory = [place.candidate for place in one.slate.places if place.reason is Reason.MANDATORY]
    if len(above) < len(mandatory):
        chances[mandatory[len(above)]] = 1.0
        return chances
    free, scores = weighing.open.copy(), weighing.scores
    free[list(above)] = False
    for codes, room in zip(weighing.limits.codes, weighing.limits.room, strict=True):
        used = codes[list(above)]
        full = np.bincount(used[used >= 0], minlength=len(room)) >= room
        free &= (codes < 0) | ~full[codes]
    if weighing.may_show_none:
        free, scores = np.append(free, True), np.append(scores, _LEAST)
    left = int(free.sum())
    if len(above) >= slots or not left:
        chances[-1] = 1.0
        return chances
    exploration = weighing.placement.bound.spec.exploration
    powers = powers_of(scores, free, exploration.temperature)
    shares = mixed(powers / powers.sum(), left, exploration.epsilon)
    np.copyto(chances[: len(free)], shares, where=free)
    return chances
