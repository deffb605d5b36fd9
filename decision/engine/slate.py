"""The slate: constraints, mandatory offers, exploration, and the exact probability of every draw."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.reason import Reason
from rules.workspace import Exploration

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Share = TypeVar("Share", float, Floats)

_FADED = 1e-9
"""Once all that is free sums to less than this part of the best when powers were taken, they are taken anew: relative
to those that are left, they must not lose digits to those that are gone."""


class Limit(msgspec.Struct, frozen=True, eq=False):
    """A slate takes at most `room[code]` offers of one code.

    `codes` is int32[n] over the candidates, below zero where the limit does not hold; `room` is by code, and at least
    one for every open candidate. `reason` is given to what it keeps off; `detail` is the index of the attribute or of
    the contact policy's entry behind it.
    """

    codes: NDArray[np.int32]
    room: NDArray[np.int64]
    reason: Reason
    detail: int

    @property
    def strict(self) -> bool:
        """Whether even a mandatory offer keeps to it: what customers are spared stands above a placement's wish."""
        return self.reason is Reason.CONTACT_POLICY


class Place(msgspec.Struct, frozen=True):
    """One rank of a slate: the candidate's index, its exact probability at this rank given those above, and why."""

    candidate: int
    probability: float
    reason: Reason


class Slate(msgspec.Struct, frozen=True, eq=False):
    """The ranks in order, and what the last draw went without.

    `held_by` is int16[n]: the index of the limit that kept a candidate out of the last draw, else -1.
    """

    places: tuple[Place, ...]
    held_by: NDArray[np.int16]


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

    Mandatory candidates that are open come first, in order, with probability one; they count towards all limits but
    are held back only by strict ones. Every further rank is drawn: with probability epsilon uniformly over the
    candidates that are left and within the limits, else in proportion to `powers_of` their scores.
    """
    left = open.copy()
    usage = _Usage(limits, len(left))
    places: list[Place] = []

    def take(candidate: int, probability: float, reason: Reason) -> None:
        places.append(Place(candidate, probability, reason))
        left[candidate] = False
        usage.count(candidate)

    for candidate in mandatory:
        if len(places) < slots and left[candidate] and not usage.bars(candidate):
            take(candidate, 1.0, Reason.MANDATORY)
    held_by = np.full(len(left), -1, np.int16)
    draws = _Draws(scores, exploration.temperature)
    while len(places) < slots:
        held_by = usage.held_by.copy()
        free = left & (held_by < 0)
        number = int(np.count_nonzero(free))
        if not number:
            break
        powers, edges = draws.among(free)
        explored = random.random() < exploration.epsilon
        point = random.random()
        drawn = int(np.flatnonzero(free)[int(point * number)]) if explored else _pick(edges, point)
        probability = mixed(float(powers[drawn]) / float(edges[-1]), number, exploration.epsilon)
        take(drawn, probability, Reason.EXPLORED if explored else Reason.RANKED)
    return Slate(tuple(places), np.where(left, held_by, np.int16(-1)))


class _Usage:
    """How much of each limit a growing slate has used up."""

    def __init__(self, limits: Sequence[Limit], candidates: int) -> None:
        self._limits = limits
        self._taken = [np.zeros_like(limit.room) for limit in limits]
        self.held_by = np.full(candidates, -1, np.int16)

    def count(self, candidate: int) -> None:
        for index, (limit, taken) in enumerate(zip(self._limits, self._taken, strict=True)):
            code = limit.codes[candidate]
            if code >= 0:
                taken[code] += 1
                if taken[code] >= limit.room[code]:
                    # A strict limit is the one to name where both hold.
                    free = True if limit.strict else self.held_by < 0
                    self.held_by[(limit.codes == code) & free] = index

    def bars(self, candidate: int) -> bool:
        index = int(self.held_by[candidate])
        return index >= 0 and self._limits[index].strict


class _Draws:
    """The powers that a growing slate draws by: taken once, for only what is free changes from rank to rank."""

    def __init__(self, scores: Floats, temperature: float) -> None:
        self._scores = scores
        self._temperature = temperature
        self._powers = np.zeros(len(scores))

    def among(self, free: Mask) -> tuple[Floats, Floats]:
        """The power of every candidate, zero for those that are not free, and the running sums of the powers."""
        powers = self._powers * free
        edges = powers.cumsum()
        if edges[-1] < _FADED:
            rows = np.flatnonzero(free)
            self._powers[rows] = powers[rows] = powers_of(self._scores[rows], self._temperature)
            edges = powers.cumsum()
        return powers, edges


def first_rank(scores: Floats, open: Mask, exploration: Exploration, mandatory: Sequence[int]) -> Floats:
    """The exact probability of every candidate to stand at rank 1, float64[n]; zeros when none is open."""
    chances = np.zeros(len(scores))
    for candidate in mandatory:
        if open[candidate]:
            chances[candidate] = 1.0
            return chances
    number = int(np.count_nonzero(open))
    if number:
        powers, edges = _Draws(scores, exploration.temperature).among(open)
        np.copyto(chances, mixed(powers / edges[-1], number, exploration.epsilon), where=open)
    return chances


def powers_of(scores: Floats, temperature: float) -> Floats:
    """What each score is drawn in proportion to: score^(1/temperature), relative to the best, which has one.

    `scores` are finite and not negative; when all are zero every one has the same power, and at temperature 0 the
    first of the best has the only one.
    """
    best = int(np.argmax(scores))
    if scores[best] <= 0.0:
        return np.ones(len(scores))
    if temperature == 0.0:
        powers = np.zeros(len(scores))
        powers[best] = 1.0
        return powers
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        # The ratio to the best is at most one, so no power of it overflows.
        return np.asarray(np.exp(np.log(scores / scores[best]) / temperature), np.float64)


def mixed(share: Share, left: int, epsilon: float) -> Share:
    """The probability of a share when a draw is uniform over the `left` candidates with probability epsilon."""
    return epsilon / left + (1.0 - epsilon) * share


def _pick(edges: Floats, point: float) -> int:
    """The candidate whose stretch of the summed powers holds the point; never one whose power is zero."""
    found = int(edges.searchsorted(point * edges[-1], side="right"))
    # Rounding may put the product on the last edge itself, which the last candidate of some power reaches first.
    return found if found < len(edges) else int(edges.searchsorted(edges[-1]))
