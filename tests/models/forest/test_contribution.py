from collections.abc import Set
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from models.forest.contribution import contributions, gains
from tests.models.forest.awkward import Floats, Kind, asked, train

FEATURES = 4


def expected(node: dict[str, Any], row: Floats, known: Set[int]) -> float:
    """What a tree gives for a row of which only some features are known: elsewhere as many rows go each way as did."""
    if "leaf_value" in node:
        return float(node["leaf_value"])
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if row[node["split_feature"]] <= node["threshold"] else right, row, known)
    counts = [float(child.get("internal_count", child.get("leaf_count"))) for child in (left, right)]
    both = [expected(child, row, known) * count for child, count in zip((left, right), counts, strict=True)]
    return sum(both) / sum(counts)


def shapley(trees: list[dict[str, Any]], row: Floats) -> list[float]:
    """Each feature's mean gain over all orders in which features may become known, and what is known of none."""

    def value(known: Set[int]) -> float:
        return sum(expected(tree, row, known) for tree in trees)

    found = []
    for feature in range(FEATURES):
        others = [other for other in range(FEATURES) if other != feature]
        share = 0.0
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for known in combinations(others, size):
                share += weight * (value({*known, feature}) - value(set(known)))
        found.append(share)
    return [*found, value(set())]


def test_contributions_are_shapley_values_by_their_definition() -> None:
    plain: Kind = "plain"
    booster = train((plain,) * FEATURES, 3, rows=300, trees=6, num_leaves=9)
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    rows = np.random.default_rng(4).normal(size=(5, FEATURES))
    found = contributions(booster.model_to_string(), rows)
    for row, parts in zip(rows, found, strict=True):
        assert parts.tolist() == pytest.approx(shapley(trees, row), abs=1e-12)


@pytest.mark.parametrize("options", [{}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}])
def test_contributions_sum_to_the_raw_score(options: dict[str, object]) -> None:
    kinds: tuple[Kind, ...] = ("plain", "holes", "category", "zeros", "whole", "infinite")
    booster = train(kinds, 5, rows=600, trees=12, num_leaves=31, **options)
    random = np.random.default_rng(6)
    rows = np.column_stack([asked(kind, 80, random) for kind in kinds])
    found = contributions(booster.model_to_string(), rows)
    assert found.shape == (80, len(kinds) + 1)
    raw = np.asarray(booster.predict(rows, raw_score=True), np.float64)
    np.testing.assert_allclose(found.sum(axis=1), raw, rtol=0, atol=1e-12)
    assert contributions(booster.model_to_string(), rows[:0]).shape == (0, len(kinds) + 1)


def test_gains_tell_which_features_were_split_on() -> None:
    booster = train(("plain", "constant", "plain"), 7, rows=300, trees=5)
    first, constant, last = gains(booster.model_to_string())
    assert constant == 0
    assert first > 0
    assert last > 0
