"""Whether capping pays under heavy tails: `TAILED=80 pytest -s` prints how often the better offer is found."""

import os

import numpy as np

from tests.training.worlds import CODES, rows_of, value_rows
from training.learning.recipe import recipe_for
from training.learning.rows import Rows
from training.learning.split import split_by_time
from training.learning.trainer import grow_forest, raw_inputs

WORLDS = int(os.environ.get("TAILED", "5"))
AGES = np.arange(18, 80, 2.0)


def found_better(rows: Rows, capped: bool) -> float:
    """The share of ages at which the forest puts the better of four offers first."""
    parts = split_by_time(rows.at)
    # Increments come capped, so their forests are grown on the values as they are.
    recipe = recipe_for("value" if capped else "increment", rows.target, threads=1)
    fit = rows.take(np.concatenate([parts.fit, parts.tune]))
    forest = grow_forest(fit, rows.take(parts.judge), recipe)
    every = np.column_stack([np.repeat(AGES, 4), np.tile(CODES, len(AGES))])
    asked = rows_of(every, np.zeros(len(every)), np.ones(len(every)), np.tile(np.arange(4), len(AGES)))
    told = forest.predict(raw_inputs(asked)).reshape(-1, 4)
    return float(np.mean(told.argmax(axis=1) == np.where(AGES < 40, 0, 2)))


def test_caps_find_the_better_offer_more_often_than_values_as_they_are() -> None:
    worlds = [value_rows(6_000, seed) for seed in range(20, 20 + WORLDS)]
    capped, raw = (np.array([found_better(rows, one) for rows in worlds]) for one in (True, False))
    gained = capped - raw
    error = gained.std() / max(1, WORLDS - 1) ** 0.5
    print(
        f"capped {capped.mean():.3f}, as they are {raw.mean():.3f}, paired difference {gained.mean():.3f} ({error:.3f})"
    )
    assert gained.mean() > -2 * error
