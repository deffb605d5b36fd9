"""Worlds in which outcomes take their time: eight offers, two kinds of customers, and a truth that may change."""

from typing import Literal

import numpy as np

from models.artefact import ModelFeature
from training.learning.delay import Young
from training.learning.rows import Inputs, Rows

DAY = 86_400_000
WINDOW, DAYS, AHEAD = 7, 28, 1
"""Days: of the attribution window, until now, and after now, where what was learned is judged."""
CHANGE = 5
"""How many days ago the truth changed."""

Kind = Literal["nothing changes", "tastes change", "an offer is new"]
KINDS: tuple[Kind, ...] = ("nothing changes", "tastes change", "an offer is new")

_OFFERS = 8
_INPUTS = Inputs((ModelFeature("age", "customer.age"), ModelFeature("offer", "offer.id")), frozenset({"offer"}))


class Delayed:
    """Decisions of one world: those whose window has passed, the young ones, and the truth about those to come."""

    def __init__(self, kind: Kind, seed: int, a_day: int = 600) -> None:
        drawn = np.random.default_rng(seed)
        count = a_day * (DAYS + AHEAD)
        day = np.sort(drawn.random(count)) * (DAYS + AHEAD)
        age = drawn.integers(18, 80, count).astype(float)
        offer = drawn.integers(0, _OFFERS, count)
        old = day < DAYS - CHANGE
        if kind == "an offer is new":
            offer = np.where((offer == _OFFERS - 1) & old, drawn.integers(0, _OFFERS - 1, count), offer)
        before, after = 0.25 * drawn.random((2, 2, _OFFERS)) ** 2
        young = (age < 40).astype(int)
        self._chance = np.where(old | (kind != "tastes change"), before[young, offer], after[young, offer])
        hit = drawn.random(count) < self._chance
        delay = drawn.exponential(2.5, count)
        delay = np.where(delay < WINDOW, delay, WINDOW * drawn.random(count))
        self._columns = (day, age, offer, delay)
        come = hit & (day + delay < DAYS)
        ripe, to_come = day + WINDOW <= DAYS, day >= DAYS
        self.ripe = self._rows(ripe, hit)
        rows = self._rows(~ripe & ~to_come, come)
        self.young = Young(rows, DAYS * DAY - rows.at.astype(float))
        self.to_come = self._rows(to_come, hit)
        self.truth = self._chance[to_come]

    def excess_loss(self, prediction: np.ndarray) -> float:
        """How much more log loss than the truth's own predictions f8[n] have on the decisions to come, in nats."""
        likely, truth = np.clip(prediction, 1e-9, 1 - 1e-9), self.truth
        return float(np.mean(truth * np.log(truth / likely) + (1 - truth) * np.log((1 - truth) / (1 - likely))))

    def _rows(self, chosen: np.ndarray, hit: np.ndarray) -> Rows:
        day, age, offer, delay = (column[chosen] for column in self._columns)
        count = len(day)
        names = np.array([str(number) for number in offer], np.str_)
        return Rows(
            inputs=_INPUTS,
            matrix=np.column_stack([age, offer + 11.0]),
            target=hit[chosen].astype(float),
            worth=np.ones(count),
            position=np.ones(count),
            probability=np.full(count, 1 / _OFFERS),
            at=(day * DAY).astype(np.int64),
            delay=np.where(hit[chosen], delay * DAY, np.nan),
            subject=np.flatnonzero(chosen).astype(np.str_),
            decision=np.flatnonzero(chosen).astype(np.str_),
            offer=names,
            placement=np.full(count, "home"),
        )
