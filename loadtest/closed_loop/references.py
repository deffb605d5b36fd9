"""What needs no learning: the optimum that knows the truth, the best constant, and chance."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from loadtest.closed_loop.month import Month
from loadtest.closed_loop.path import Path


class Policy(Protocol):
    """What chooses one of the allowed offers at every visit, and may learn from the answer."""

    def choose(self, visit: int, allowed: NDArray[np.intp]) -> int:
        """The row of an allowed offer."""

    def learn(self, accepted: bool) -> None:
        """What became of the latest choice."""


class Optimum:
    """Takes what the truth expects most of, on its own path: no other policy knows tastes, quality and fatigue."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def choose(self, visit: int, allowed: NDArray[np.intp]) -> int:
        """The best offer of this moment."""
        return int(allowed[np.argmax(self._path.worth(visit, allowed))])

    def learn(self, accepted: bool) -> None:
        """Nothing: it knows."""


class Constant:
    """The same offer for all, or the next best for whom it is not: ordered with full knowledge of the whole month."""

    def __init__(self, month: Month) -> None:
        fresh, every = Path(month), np.arange(len(month.world.offers))
        worth = [np.where(month.allowed(visit), fresh.worth(visit, every), 0.0) for visit in range(len(month.visits))]
        place = np.empty(len(every), np.intp)
        place[np.argsort(-np.mean(worth, axis=0), kind="stable")] = every
        self._place = place

    def choose(self, visit: int, allowed: NDArray[np.intp]) -> int:  # noqa: ARG002  the same for every visit
        """The first in its order."""
        return int(allowed[np.argmin(self._place[allowed])])

    def learn(self, accepted: bool) -> None:
        """Nothing: it stays as it is."""


class Chance:
    """Any allowed offer."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng([seed, 31])

    def choose(self, visit: int, allowed: NDArray[np.intp]) -> int:  # noqa: ARG002  whoever comes
        """A draw."""
        return int(self._random.choice(allowed))

    def learn(self, accepted: bool) -> None:
        """Nothing: it never does."""


def walk(policy: Policy, path: Path) -> None:
    """Let a policy live through the month; it hears each answer before the next visit."""
    for visit in range(len(path.month.visits)):
        row = policy.choose(visit, np.flatnonzero(path.month.allowed(visit)))
        policy.learn(path.show(visit, row))
