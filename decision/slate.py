"""The slate: constraints, mandatory offers, exploration, and the exact probability of every draw."""

from collections.abc import Sequence
from random import Random

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.reason import Reason
from rules.workspace import Exploration

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Limit(msgspec.Struct, frozen=True, eq=False):
    """At most `most` offers of a slate share a code; int32[n] over the candidates, below zero where no limit holds."""

    codes: NDArray[np.int32]
    most: int


class Place(msgspec.Struct, frozen=True):
    """One rank of a slate: the candidate's index, its exact probability at this rank given those above, and why."""

    candidate: int
    probability: float
    reason: Reason


class Slate(msgspec.Struct, frozen=True, eq=False):
    """The ranks in order; `held_back` marks the candidates that a limit kept out of the last draw, bool[n]."""

    places: tuple[Place, ...]
    held_back: Mask


def fill_slate(
    scores: Floats,
    open: Mask,
    slots: int,
    exploration: Exploration,
    limits: Sequence[Limit],
    mandatory: Sequence[int],
    random: Random,
) -> Slate:
    """Up to `slots` of the candidates that are open.

    Mandatory candidates that are open come first, in order, with probability one; they count towards the limits but
    are not held back by them. Every further rank is drawn: with probability epsilon uniformly over the candidates that
    are left and within the limits, else by `shares`.
    """
    left = open.copy()
    allowed = np.ones(len(left), np.bool_)
    places: list[Place] = []

    def take(candidate: int, probability: float, reason: Reason) -> None:
        places.append(Place(candidate, probability, reason))
        left[candidate] = False
        for limit in limits:
            code = limit.codes[candidate]
            if code >= 0:
                same = limit.codes == code
                if sum(1 for place in places if same[place.candidate]) >= limit.most:
                    np.logical_and(allowed, ~same, out=allowed)

    for candidate in mandatory:
        if len(places) < slots and left[candidate]:
            take(candidate, 1.0, Reason.MANDATORY)
    held_back = np.zeros(len(left), np.bool_)
    while len(places) < slots:
        held_back = left & ~allowed
        rows = np.flatnonzero(left & allowed)
        if not len(rows):
            break
        share = shares(scores[rows], exploration.temperature)
        explored = random.random() < exploration.epsilon
        point = random.random()
        drawn = int(point * len(rows)) if explored else _pick(share, point)
        probability = float(mixed(share, exploration.epsilon)[drawn])
        take(int(rows[drawn]), probability, Reason.EXPLORED if explored else Reason.RANKED)
    return Slate(tuple(places), held_back)


def first_rank(scores: Floats, open: Mask, exploration: Exploration, mandatory: Sequence[int]) -> Floats:
    """The exact probability of every candidate to stand at rank 1, float64[n]; zeros when none is open."""
    chances = np.zeros(len(scores))
    for candidate in mandatory:
        if open[candidate]:
            chances[candidate] = 1.0
            return chances
    rows = np.flatnonzero(open)
    if len(rows):
        chances[rows] = mixed(shares(scores[rows], exploration.temperature), exploration.epsilon)
    return chances


def shares(scores: Floats, temperature: float) -> Floats:
    """Each score's share in proportion to score^(1/temperature); at temperature 0 the first of the best has it all.

    `scores` are finite and not negative; when all are zero every one has the same share.
    """
    best = int(np.argmax(scores))
    if scores[best] <= 0.0:
        return np.full(len(scores), 1.0 / len(scores))
    if temperature == 0.0:
        share = np.zeros(len(scores))
        share[best] = 1.0
        return share
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        # The ratio to the best is at most one, so no power of it overflows.
        powers = np.exp(np.log(scores / scores[best]) / temperature)
    share = powers / powers.sum()
    return np.asarray(share, np.float64)


def mixed(share: Floats, epsilon: float) -> Floats:
    """The probability of each candidate when a draw is uniform with probability epsilon, else by share."""
    return epsilon / len(share) + (1.0 - epsilon) * share


def _pick(share: Floats, point: float) -> int:
    """The candidate whose stretch of the summed shares holds the point; never one whose share is zero."""
    edges = np.cumsum(share)
    found = int(np.searchsorted(edges, point * edges[-1], side="right"))
    # Rounding may put the product on the last edge itself.
    return found if found < len(edges) else int(np.flatnonzero(share)[-1])
