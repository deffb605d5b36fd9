"""The kernel gives what LightGBM's own predict gives, bit for bit, however the features are bound."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.forest import BoundForest, bind_forest, block, instructions, kernel, parse_forest
from models.response import response_of
from rules import array_block
from rules.expression import Binding
from tests.models.forest.awkward import KINDS, Floats, Kind, asked, train

OFFERS = 70


def bound(
    booster: lgb.Booster, bindings: list[Binding], columns: list[Floats], offers: int = OFFERS
) -> tuple[BoundForest, Floats, Floats, Floats]:
    """The forest bound to offers, the blocks of a request, and the matrix LightGBM needs for the same question."""
    slots = []
    blocks: dict[Binding, list[Floats]] = {binding: [] for binding in Binding}
    matrix = np.empty((offers, len(columns)))
    for number, (binding, values) in enumerate(zip(bindings, columns, strict=True)):
        slots.append((binding, len(blocks[binding])))
        blocks[binding].append(values)
        matrix[:, number] = values[0] if binding == Binding.REQUEST else values
    offer, pair = (np.array(blocks[b]).reshape(-1, offers) for b in (Binding.OFFER, Binding.PAIR))
    request = np.array([values[0] for values in blocks[Binding.REQUEST]])
    return bind_forest(parse_forest(booster.model_to_string()), slots, offer, {}), request, pair, matrix


def assert_equal(
    booster: lgb.Booster, bindings: list[Binding], kinds: tuple[Kind, ...], seed: int, offers: int = OFFERS
) -> None:
    """Few, most and all of the offers score as LightGBM scores them."""
    random = np.random.default_rng(seed)
    for share in (0.3, 0.95, 1.0):
        columns = [asked(kind, offers, random) for kind in kinds]
        forest, request, pair, matrix = bound(booster, bindings, columns, offers)
        rows = np.flatnonzero(random.random(offers) < share)
        expected = booster.predict(matrix[rows], raw_score=True, num_threads=1) if len(rows) else np.empty(0)
        assert forest.score(request, pair, rows).tobytes() == np.asarray(expected, np.float64).tobytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_scores_equal_those_of_lightgbm_bit_for_bit(data: st.DataObject) -> None:
    kinds = tuple(data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8)))
    bindings = data.draw(st.lists(st.sampled_from(Binding), min_size=len(kinds), max_size=len(kinds)))
    seed = data.draw(st.integers(0, 2**31 - 1))
    booster = train(
        kinds,
        seed,
        rows=data.draw(st.integers(30, 600)),
        trees=data.draw(st.integers(1, 12)),
        num_leaves=data.draw(st.sampled_from([2, 3, 7, 16, 17, 31, 32, 33, 63, 64, 65, 128])),
        zero_as_missing=data.draw(st.booleans()),
        use_missing=data.draw(st.sampled_from([True, True, False])),
        objective=data.draw(st.sampled_from(["binary", "regression", "tweedie"])),
        boosting=data.draw(st.sampled_from(["gbdt", "dart"])),
        max_cat_to_onehot=data.draw(st.sampled_from([1, 4, 100])),
    )
    assert_equal(booster, bindings, kinds, seed)


@pytest.mark.parametrize("objective", ["binary", "regression", "poisson"])
def test_a_random_forest_is_exact_and_its_response_is_of_the_average(objective: str) -> None:
    kinds: tuple[Kind, ...] = ("plain", "holes", "category", "zeros")
    options = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.8}
    booster = train(kinds, 11, rows=500, trees=9, num_leaves=15, objective=objective, **options)
    assert_equal(booster, [Binding(number % 3) for number in range(4)], kinds, 11)
    forest = parse_forest(booster.model_to_string())
    assert forest.averaged
    matrix = np.column_stack([asked(kind, OFFERS, np.random.default_rng(2)) for kind in kinds])
    raw = np.asarray(booster.predict(matrix, raw_score=True), np.float64)
    expected = np.asarray(booster.predict(matrix), np.float64)
    np.testing.assert_allclose(response_of(forest.objective, forest.divisor)(raw), expected, rtol=1e-14)


@pytest.mark.parametrize("leaves", [255, 256, 257, 450])
def test_trees_of_many_leaves_are_exact(leaves: int) -> None:
    kinds: tuple[Kind, ...] = ("plain", "holes", "category", "zeros", "whole", "infinite")
    booster = train(kinds, leaves, rows=3000, trees=3, num_leaves=leaves)
    assert max(len(tree.leaves) for tree in parse_forest(booster.model_to_string()).trees) == leaves
    for bindings in ([Binding(number % 3) for number in range(6)], [Binding.PAIR] * 6, [Binding.REQUEST] * 6):
        assert_equal(booster, bindings, kinds, leaves)


def test_features_of_many_thresholds_are_exact() -> None:
    kinds: tuple[Kind, ...] = ("plain", "holes", "zeros")
    booster = train(kinds, 3, rows=5000, trees=12, num_leaves=200, max_bin=2000)
    thresholds = {
        s.threshold for tree in parse_forest(booster.model_to_string()).trees for s in tree.splits if s.feature == 0
    }
    assert len(thresholds) > 255
    for first in range(3):
        assert_equal(booster, [Binding((first + number) % 3) for number in range(3)], kinds, first)


@pytest.mark.parametrize("offers", [1, 63, 64, 65, 129, 256, 257, 500, 1024, 1025, 2200])
@pytest.mark.parametrize("leaves", [16, 32, 33, 300])
def test_any_number_of_offers_is_exact(offers: int, leaves: int) -> None:
    kinds: tuple[Kind, ...] = ("plain", "holes", "category", "zeros", "whole")
    booster = train(kinds, 5, rows=3000, trees=6, num_leaves=leaves)
    assert max(len(tree.leaves) for tree in parse_forest(booster.model_to_string()).trees) == leaves
    assert_equal(booster, [Binding(number % 3) for number in range(5)], kinds, offers, offers)
    assert_equal(booster, [Binding.PAIR] * 5, kinds, offers, offers)


def test_a_processor_without_wide_registers_gives_the_same_bits() -> None:
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    name = test_any_number_of_offers_is_exact.__name__
    command = [sys.executable, "-c", f"from {__name__} import {name}; {name}(257, 33)"]
    ran = subprocess.run(command, env=os.environ | plain, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_other_instructions_or_another_block_are_another_kernel_to_the_cache_on_disk() -> None:
    text = b"".join(Path(inspect.getfile(each)).read_bytes() for each in (instructions, block, array_block))
    assert inspect.getclosurevars(cast(Any, kernel.score).py_func).nonlocals == {"inlined": crc32(text)}


def test_categories_far_apart_are_exact() -> None:
    random = np.random.default_rng(8)
    known = np.array([0.0, 31.0, 32.0, 4095.0, 100_000.0, 1_000_003.0])
    values = random.choice(known, 900)
    label = (np.sin(values) + random.normal(size=900) * 0.3 > 0).astype(np.float64)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 2, "cat_smooth": 1}
    booster = lgb.train(options, lgb.Dataset(values[:, None], label, categorical_feature=[0]), 4)
    asked_for = np.concatenate([known, known + 1, known + 0.5, known - 1, [np.nan, np.inf, -np.inf, 2.0**31]])
    expected = np.asarray(booster.predict(asked_for[:, None], raw_score=True), np.float64)
    forest, rows = parse_forest(booster.model_to_string()), np.arange(len(asked_for))
    as_offer = bind_forest(forest, [(Binding.OFFER, 0)], asked_for[None, :], {})
    assert as_offer.score(np.empty(0), np.empty((0, len(rows))), rows).tobytes() == expected.tobytes()


def test_splits_that_offers_decide_are_taken_out() -> None:
    kinds: tuple[Kind, ...] = ("plain", "plain", "holes")
    booster = train(kinds, 4, rows=500, trees=8, num_leaves=31)
    same = [np.full(OFFERS, value) for value in (0.3, -0.2, np.nan)]
    forest = bound(booster, [Binding.OFFER] * 3, same)[0]
    assert not forest.open
    other = np.where(np.arange(OFFERS) == 7, 2.5, 0.3)
    forest = bound(booster, [Binding.OFFER] * 3, [other, *same[1:]])[0]
    assert forest.open


def test_string_codes_score_as_the_categories_that_training_gave_them() -> None:
    random = np.random.default_rng(5)
    codes = np.sort(random.integers(0, 2**48, 90)).astype(np.float64)
    raw = random.choice(codes, 800)
    category = np.searchsorted(codes, raw).astype(np.float64)
    label = (np.sin(category) + random.normal(size=800) > 0).astype(np.float64)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 2, "cat_smooth": 1}
    booster = lgb.train(options, lgb.Dataset(category[:, None], label, categorical_feature=[0]), 10)
    forest = parse_forest(booster.model_to_string())
    served = np.concatenate([codes, [np.nan, 0.0, codes[3] + 1.0, 2.0**48]])
    encoded = np.concatenate([np.arange(90.0), np.full(4, np.nan)])
    expected = np.asarray(booster.predict(encoded[:, None], raw_score=True), np.float64)
    rows, sorted_codes = np.arange(len(served)), {0: [int(code) for code in codes]}
    empty = np.empty((0, len(served)))
    as_offer = bind_forest(forest, [(Binding.OFFER, 0)], served[None, :], sorted_codes)
    assert as_offer.score(np.empty(0), empty, rows).tobytes() == expected.tobytes()
    as_pair = bind_forest(forest, [(Binding.PAIR, 0)], empty, sorted_codes)
    assert as_pair.score(np.empty(0), served[None, :], rows).tobytes() == expected.tobytes()


def test_only_the_rows_asked_for_are_scored_in_the_order_asked() -> None:
    kinds: tuple[Kind, ...] = ("plain", "plain", "plain")
    booster = train(kinds, 1, rows=300, trees=5)
    random = np.random.default_rng(1)
    bindings = [Binding.OFFER, Binding.REQUEST, Binding.PAIR]
    forest, request, pair, matrix = bound(booster, bindings, [asked("plain", OFFERS, random) for _ in kinds])
    rows = np.array([40, 3, 3, 69, 0])
    expected = np.asarray(booster.predict(matrix[rows], raw_score=True), np.float64)
    assert forest.score(request, pair, rows).tobytes() == expected.tobytes()
    assert forest.score(request, pair, np.empty(0, np.intp)).shape == (0,)


def test_a_placement_without_offers_scores_nothing() -> None:
    booster = train(("plain",), 1, rows=100, trees=2)
    forest = bind_forest(parse_forest(booster.model_to_string()), [(Binding.OFFER, 0)], np.empty((1, 0)), {})
    assert forest.score(np.empty(0), np.empty((0, 0)), np.empty(0, np.intp)).shape == (0,)
