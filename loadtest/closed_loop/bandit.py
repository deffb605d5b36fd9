"""Vowpal Wabbit's contextual bandit as a policy: it learns from every answer before the next visit."""

from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadtest.bench.peers import find_peer
from loadtest.closed_loop.knowledge import MATCHES, Knowledge
from loadtest.closed_loop.month import Month
from loadtest.messages import AttributeValue

ARGUMENTS = "--cb_explore_adf --squarecb --gamma_scale 1000 -l 0.2 -q so -q op -q sp --quiet"
"""The best on average, over three months of their own (seeds 101 to 103), of nine sets: interactions, size of steps and
scale of exploration."""
EURO = 20.0
"""Costs are margins in units of so many euro, for its steps are made for costs near one."""


class Bandit:
    """`--cb_explore_adf --squarecb` over the same offers, context, accounts and affinities as the service has."""

    def __init__(self, month: Month, arguments: str = ARGUMENTS) -> None:
        self._vw: Any = find_peer("vowpalwabbit").Workspace(f"{arguments} --random_seed {month.world.seed}")
        self._random = np.random.default_rng([month.world.seed, 32])
        self._month = month
        self._knowledge = Knowledge(month)
        offers = month.world.offers
        self._margin = offers.margin
        self._offers = [_offer(month, row) for row in range(len(offers))]
        self._lines: list[str] = []
        self._chosen = (0, 0, 0, 1.0)

    def __enter__(self) -> "Bandit":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._vw.finish()

    def choose(self, visit: int, allowed: NDArray[np.intp]) -> int:
        """A draw from its distribution."""
        self._knowledge.meet(visit)
        self._lines = self._examples(visit, allowed)
        chances = np.array(self._vw.predict(self._lines), np.float64)
        drawn = int(self._random.choice(len(allowed), p=chances / chances.sum()))
        self._chosen = (visit, int(allowed[drawn]), drawn, float(chances[drawn]))
        return int(allowed[drawn])

    def learn(self, accepted: bool) -> None:
        """One step, from the margin that the shown offer brought."""
        visit, row, drawn, chance = self._chosen
        cost = -float(self._margin[row]) / EURO if accepted else 0.0
        self._lines[1 + drawn] = f"0:{cost:.6g}:{chance:.6g} {self._lines[1 + drawn]}"
        self._vw.learn(self._lines)
        self._knowledge.answered(visit, row, accepted)

    def _examples(self, visit: int, rows: NDArray[np.intp]) -> list[str]:
        """The visit in its text format: what is known of the request once, then a line per offer."""
        matches = self._knowledge.matches(visit, rows)
        texts = [[] for _ in rows]  # type: list[list[str]]
        for at, column in zip(*np.nonzero(matches), strict=True):
            texts[at].append(f"{MATCHES[column]}:{matches[at, column]:.4g}")
        lines = [f"{self._offers[row]} |p {' '.join(text)}" for row, text in zip(rows, texts, strict=True)]
        return [f"shared |s {_request(self._knowledge.request(visit))}", *lines]


def _offer(month: Month, row: int) -> str:
    """An offer's own name space: which one it is, and its attributes."""
    offers = month.world.offers
    words = [f"offer={row}", f"theme={offers.theme[row]}", f"brand={offers.brand[row]}"]
    if offers.destination[row] >= 0:
        words += [f"climate={offers.climate[row]}", f"rate:{offers.rate[row] / 100.0:.4g}"]
    words += [f"price:{offers.price[row] / 200.0:.4g}", f"margin:{offers.margin[row] / EURO:.4g}"]
    return f"|o {' '.join(words)}"


def _request(known: dict[str, AttributeValue]) -> str:
    """Words as they are, numbers in steps that keep them near one."""
    words = []
    for name, value in known.items():
        if isinstance(value, list):
            words += [f"{name}={word}" for word in value]
        elif isinstance(value, float):
            words.append(f"{name}:{value / 100.0:.4g}")
        elif name in _NUMBERS:
            words.append(f"{name}:{float(value) / _NUMBERS[name]:.4g}")
        elif name not in _LEFT_OUT:
            words.append(f"{name}={value}")
    return " ".join(words).replace("|", "").replace(": ", ":")


_NUMBERS = {"nights": 3.0, "lead_days": 100.0, "adults": 2.0, "children": 2.0}
_LEFT_OUT = {"member_since", "destination", "favourite_brand", "favourite_destination", "brand"}
"""Matched with the offers instead; as words of the request alone they say nothing."""
