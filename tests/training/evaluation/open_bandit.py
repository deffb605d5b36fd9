"""Policies on the Open Bandit Dataset, judged on the log of another and held against their own.

`make open-bandit DATA=FOLDER` prints the table; FOLDER holds `open-bandit/random-all.csv.gz` and `bts-all.csv.gz`, the
small version of the data set of Saito et al. (NeurIPS 2021). One log was drawn uniformly from 80 items, the other by a
Thompson sampler, so that the mean of either is the truth for what is estimated on the other.
"""

import csv
import gzip
import sys
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from training.evaluation.actions import Floats, LoggedActions, PolicyActions
from training.evaluation.estimate import estimates_of
from training.evaluation.estimators import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)
from training.evaluation.support import support_of
from training.material.folds import FOLDS, fold_of

ITEMS, POSITIONS = 80, 3
BEST = 10
"""How many items the fixed policy shows: those with most clicks in the first half of the uniform log."""
STRENGTH = 200.0
"""Views of mean rate that an item at a position starts with: most items have a click or none."""


class Log(msgspec.Struct, frozen=True, eq=False):
    """Views in order of time: item and position int64[n] from 0, whether it was clicked, its probability, and whose."""

    item: NDArray[np.int64]
    position: NDArray[np.int64]
    click: Floats
    probability: Floats
    cluster: NDArray[np.int64]
    fold: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "Log":
        return Log(*(getattr(self, name)[rows] for name in self.__struct_fields__))


def read_log(path: Path) -> Log:
    """A log; users are told apart by their four features, which is all the data set says of them."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    users = ["".join(row[f"user_feature_{number}"] for number in range(4)) for row in rows]
    return Log(
        np.array([int(row["item_id"]) for row in rows]),
        np.array([int(row["position"]) - 1 for row in rows]),
        np.array([float(row["click"]) for row in rows]),
        np.array([float(row["propensity_score"]) for row in rows]),
        np.unique(users, return_inverse=True)[1].astype(np.int64),
        np.array([fold_of(user) for user in users]),
    )


def predicted(log: Log) -> Floats:
    """The expected click rate of every item at each view's position, f8[n, items], from other people's views."""
    rates = np.zeros((FOLDS, POSITIONS, ITEMS))
    for fold in range(FOLDS):
        others = log.fold != fold
        place = log.position[others] * ITEMS + log.item[others]
        views, clicks = (np.bincount(place, weights, POSITIONS * ITEMS) for weights in (None, log.click[others]))
        mean = log.click[others].mean()
        rates[fold] = ((clicks + STRENGTH * mean) / (views + STRENGTH)).reshape(POSITIONS, ITEMS)
    return rates[log.fold, log.position]


def judged(log: Log, policy: Floats) -> tuple[LoggedActions, PolicyActions]:
    """The columns of a policy f8[positions, items] on a log."""
    rows, rates = np.arange(len(log.item)), predicted(log)
    chances = policy[log.position]
    unknown = np.full(len(rows), np.nan)
    logged = LoggedActions(log.click, log.probability, log.cluster, rates[rows, log.item])
    return logged, PolicyActions(chances[rows, log.item], (chances * rates).sum(axis=1), unknown)


def frequencies(log: Log) -> Floats:
    """How often a log's policy showed each item at each position, f8[positions, items]."""
    counts = np.bincount(log.position * ITEMS + log.item, None, POSITIONS * ITEMS).reshape(POSITIONS, ITEMS)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def main(folder: Path) -> None:
    random, sampler = (read_log(folder / f"{name}-all.csv.gz") for name in ("random", "bts"))
    uniform = np.full((POSITIONS, ITEMS), 1 / ITEMS)
    half = np.arange(len(random.item)) < len(random.item) // 2
    best = np.argsort(-predicted(random.take(half)).mean(axis=0), kind="stable")[:BEST]
    fixed = np.zeros((POSITIONS, ITEMS))
    fixed[:, best] = 1 / BEST
    table = Table(title="Clicks per 1,000 views; intervals of 95 %")
    for column in (
        "Policy",
        "on the log of",
        "IPS",
        "SNIPS",
        "DM",
        "DR",
        "Switch-DR",
        "DR from",
        "to",
        "Eff. n",
        "true",
    ):
        table.add_column(column, justify="left" if column == "Policy" else "right", no_wrap=True)
    for name, of, log, policy, truth in (
        ("uniform", "uniform", random, uniform, random.click.mean()),
        ("uniform", "sampler", sampler, uniform, random.click.mean()),
        ("sampler", "uniform", random, frequencies(sampler), sampler.click.mean()),
        (f"the {BEST} best items", "uniform, 2nd half", random.take(~half), fixed, np.nan),
    ):
        logged, columns = judged(log, policy)
        estimators = inverse_propensity, self_normalised, direct_method, doubly_robust, switch_doubly_robust
        estimates = estimates_of([estimator(logged, columns) for estimator in estimators], logged.cluster)
        support, dr = support_of(logged, columns), estimates[3]
        figures = [f"{1_000 * value:.2f}" for value in (*(one.value for one in estimates), dr.low, dr.high)]
        true = "–" if np.isnan(truth) else f"{1_000 * truth:.2f}"
        table.add_row(name, of, *figures, f"{support.effective_sample_size:,.0f}", true)
        if support.refusal:
            Console().print(f"{name} on {of}: {support.refusal}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
