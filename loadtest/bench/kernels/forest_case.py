"""A forest over features of all three bindings, offers to bind it to, and requests to score."""

from collections import Counter
from functools import lru_cache

import lightgbm
import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.errors import WorldError
from models.forest import BoundForest, Forest, bind_forest, parse_forest
from rules.expression import Binding

Floats = NDArray[np.float64]

OFFER, REQUEST, PAIR = 24, 26, 18
"""How many features there are of each binding: 68 together."""

LEAVES = 31
PAIR_SHARE = 0.2
"""The share of splits that must be on pair features, at least."""

QUESTIONS = 16
"""Different requests that a contestant is asked in turn, so that none can be learned by heart."""

_CATEGORIES = {0: 12, 1: 40, 2: 100, OFFER: 6, OFFER + 1: 30}
"""Categorical features and how many categories each has."""
_ROWS = 12_000
_SEED = 20_260_301


class Question(msgspec.Struct, frozen=True, eq=False):
    """One request against all offers: the blocks the kernel takes, and the matrix that the peers take."""

    request: Floats
    pair: Floats
    matrix: Floats


class ForestCase(msgspec.Struct, frozen=True, eq=False):
    """One forest bound to so many offers; `rows` are all of them, `shares` the splits' shares by binding.

    `table` (offers × offer features) is what was bound.
    """

    text: str
    booster: lightgbm.Booster
    bound: BoundForest
    questions: tuple[Question, ...]
    rows: NDArray[np.intp]
    shares: dict[str, float]
    table: Floats


@lru_cache(maxsize=1)
def grow(trees: int) -> lightgbm.Booster:
    """A forest of that many trees, 31 leaves each, the same on every run."""
    random = np.random.default_rng(_SEED)
    matrix = np.hstack([_offers(_ROWS, random), _requests(_ROWS, random), _pairs(_ROWS, random)])
    label = (_signal(matrix, random) + random.logistic(size=_ROWS) > 1.0).astype(np.float64)
    data = lightgbm.Dataset(matrix, label, categorical_feature=list(_CATEGORIES), params={"verbose": -1})
    options = {
        "objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 20, "verbose": -1,
        "feature_fraction": 0.4, "max_bin": 127, "seed": 1, "deterministic": True, "force_row_wise": True,
        # Other threads on a busy machine would make it wait longer than it works.
        "num_threads": 1,
    }  # fmt: skip
    return lightgbm.train(options, data, trees)


def make_case(booster: lightgbm.Booster, trees: int, offers: int) -> ForestCase:
    """The first so many trees of a forest, bound to that many offers; raises `WorldError` if pair splits are rare."""
    random = np.random.default_rng([_SEED, offers])
    text = booster.model_to_string(num_iteration=trees)
    forest = parse_forest(text)
    names = ("offer",) * OFFER + ("request",) * REQUEST + ("pair",) * PAIR
    counts = Counter(names[split.feature] for tree in forest.trees for split in tree.splits)
    shares = {name: counts[name] / counts.total() for name in ("offer", "request", "pair")}
    if shares["pair"] < PAIR_SHARE:
        raise WorldError(f"Only {shares['pair']:.0%} of the splits are on pair features; a fifth is wanted.")
    table = _offers(offers, random)
    bound = bind_case(forest, table)
    questions = tuple(_question(table, random) for _ in range(QUESTIONS))
    return ForestCase(text, lightgbm.Booster(model_str=text), bound, questions, np.arange(offers), shares, table)


def bind_case(forest: Forest, table: Floats) -> BoundForest:
    """A forest over the features of the case, bound to offers."""
    slots = [
        *((Binding.OFFER, row) for row in range(OFFER)),
        *((Binding.REQUEST, row) for row in range(REQUEST)),
        *((Binding.PAIR, row) for row in range(PAIR)),
    ]
    return bind_forest(forest, slots, np.ascontiguousarray(table.T), {})


def _question(table: Floats, random: np.random.Generator) -> Question:
    request, pair = _requests(1, random)[0], _pairs(len(table), random)
    matrix = np.hstack([table, np.broadcast_to(request, (len(table), REQUEST)), pair])
    return Question(request, np.ascontiguousarray(pair.T), np.ascontiguousarray(matrix))


def _offers(rows: int, random: np.random.Generator) -> Floats:
    """Prices, stars, margins and the like; the first three are categories, and some are missing."""
    columns = np.round(2 * random.lognormal(size=(rows, OFFER)))
    _draw_categories(columns, 0, random)
    columns[:, 20:][random.random((rows, OFFER - 20)) < 0.1] = np.nan
    return columns


def _requests(rows: int, random: np.random.Generator) -> Floats:
    """What is known of the customer and the moment; much of it is missing for many."""
    columns = random.normal(size=(rows, REQUEST))
    _draw_categories(columns, OFFER, random)
    columns[:, 10:][random.random((rows, REQUEST - 10)) < 0.3] = np.nan
    return columns


def _pairs(rows: int, random: np.random.Generator) -> Floats:
    """Affinities and matches, which are at their default for most offers, and a few ratios, which are not."""
    columns = np.zeros((rows, PAIR))
    liked = random.random((rows, 8)) < 0.08
    columns[:, :8][liked] = random.random(int(liked.sum()))
    columns[:, 8:12] = random.random((rows, 4)) < 0.05
    columns[:, 12:] = random.lognormal(size=(rows, PAIR - 12))
    return columns


def _draw_categories(columns: Floats, first: int, random: np.random.Generator) -> None:
    for feature, size in _CATEGORIES.items():
        if 0 <= feature - first < columns.shape[1]:
            columns[:, feature - first] = random.integers(0, size, len(columns))


def _signal(matrix: Floats, random: np.random.Generator) -> Floats:
    """A taste with interactions across the bindings."""
    known = np.nan_to_num(matrix)
    known = known / (known.std(axis=0) + 1e-9)
    weights = random.normal(size=known.shape[1])
    weights[OFFER + REQUEST :] *= 3.0
    offer, request, pair = known[:, 3:11], known[:, OFFER + 2 : OFFER + 10], known[:, -8:]
    signal: Floats = known @ weights / 6 + (offer * request).sum(axis=1) / 8 + (pair * request).sum(axis=1) / 2
    return signal
