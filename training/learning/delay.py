"""Delayed outcomes: what decisions whose window has not passed can teach already.

Source: the share of outcomes that have come by an age, from decisions old enough to know, and negatives that count by
how likely they are to stay negative, as in Chapelle (KDD 2014), in closed form instead of by a fitted family of curves.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.workspace import Objective
from training.learning.rows import Rows

Floats = NDArray[np.float64]

LEAST_SHARE = 0.1
"""Share of the outcomes that must have come for a decision to teach: below, its weight is too small to be worth it."""


class DelayCurve(msgspec.Struct, frozen=True, eq=False):
    """How long outcomes take: `delays` f8[n] in ms rising, `reached` f8[n] the share that came by then, up to 1."""

    delays: Floats
    reached: Floats

    def share(self, age: Floats) -> Floats:
        """The share of the outcomes of decisions of an age f8[n] (ms) that have come, in 0…1."""
        passed = np.searchsorted(self.delays, age, side="right")
        return np.concatenate([[0.0], self.reached])[passed]


def fit_delays(delay: Floats, amount: Floats) -> DelayCurve:
    """The curve that decisions whose window has passed show: delays f8[n] in ms, NaN where no outcome came.

    `amount` f8[n] is what each came to: 1 for a response, or its value. Without any outcome nothing has ever come.
    """
    came = np.isfinite(delay) & (amount > 0)
    order = np.argsort(delay[came], kind="stable")
    delays, amounts = delay[came][order], amount[came][order]
    total = amounts.sum()
    return DelayCurve(delays, np.cumsum(amounts) / total if len(amounts) else amounts)


class Young(msgspec.Struct, frozen=True, eq=False):
    """Rows whose window has not passed, and how old each decision is, f8[n] in ms."""

    rows: Rows
    age: Floats


class Lesson(msgspec.Struct, frozen=True, eq=False):
    """Rows to learn from, and how much each counts, f8[n]."""

    rows: Rows
    weight: Floats


def lesson_of(ripe: Rows, young: Young, objective: Objective, rate: Floats) -> Lesson:
    """Rows whose window has passed, which count 1, and the young ones as far as their outcomes have come.

    `rate` f8[n] is how likely each young row was to respond at all, as far as that is known without its outcome.
    For increments there are none of these: what a decision that showed nothing comes to is not known either.
    """
    curve = fit_delays(ripe.delay, ripe.target)
    share = curve.share(young.age)
    enough = np.flatnonzero(share >= LEAST_SHARE)
    if objective == "increment" or not len(enough):
        return Lesson(ripe, np.ones(len(ripe)))
    rows, share = young.rows.take(enough), share[enough]
    if objective == "response":
        weight = response_weights(share, rows.target, rate[enough])
    else:
        rows, weight = msgspec.structs.replace(rows, target=rows.target / share), share
    return Lesson(ripe.joined(rows), np.concatenate([np.ones(len(ripe)), weight]))


def response_weights(share: Floats, hit: Floats, rate: Floats) -> Floats:
    """How much each row f8[n] counts whose outcome has come (`hit` 1) or not yet (0), at a `share` of all outcomes.

    A response that came is one. Of what has not responded, (1 − rate) in (1 − share × rate) never will: such a row
    counts that much, times `share`, which puts the responses' part back to `rate`. A value that came is divided by the
    share instead, which multiplies its variance as much; so its row counts `share`.
    """
    return np.where(hit > 0, 1.0, share * (1 - rate) / (1 - share * rate))
