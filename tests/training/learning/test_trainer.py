import numpy as np
import pytest

from models.feature import encode_matrix
from tests.training.worlds import CODES, response_rows, rows_of, truth, value_rows
from training.errors import TrainingError
from training.learning.metrics import area_under_curve
from training.learning.recipe import recipe_for
from training.learning.split import split_by_time
from training.learning.tails import fit_tails
from training.learning.trainer import grow_forest, raw_inputs


def test_a_response_forest_finds_the_truth() -> None:
    rows = response_rows(20_000, 1)
    parts = split_by_time(rows.at)
    forest = grow_forest(rows.take(parts.fit), rows.take(parts.tune), recipe_for("response", rows.target, threads=1))
    judged = rows.take(parts.judge)
    brand = np.searchsorted(CODES, judged.matrix[:, 1])
    best = truth(judged.matrix[:, 0], brand, judged.position)
    assert (
        area_under_curve(judged.target, forest.predict(raw_inputs(judged)))
        > area_under_curve(judged.target, best) - 0.02
    )
    assert [feature.name for feature in forest.features] == ["age", "brand", "position"]
    assert forest.categories == {"brand": (11, 22, 33, 44)}
    assert 1 <= forest.rounds <= 300


def test_the_same_rows_give_the_same_forest() -> None:
    rows = response_rows(3_000, 2)
    parts = split_by_time(rows.at)
    recipe = recipe_for("response", rows.target, threads=1)
    texts = {grow_forest(rows.take(parts.fit), rows.take(parts.tune), recipe).text for _ in range(2)}
    assert len(texts) == 1


def test_position_is_learned() -> None:
    rows = response_rows(20_000, 3)
    forest = grow_forest(rows, None, recipe_for("response", rows.target, threads=1))
    first = rows_of(rows.matrix, rows.target, np.ones(len(rows)), np.searchsorted(CODES, rows.matrix[:, 1]))
    third = rows_of(rows.matrix, rows.target, np.full(len(rows), 3.0), np.searchsorted(CODES, rows.matrix[:, 1]))
    assert forest.predict(raw_inputs(first)).mean() > 2 * forest.predict(raw_inputs(third)).mean()


def test_a_value_forest_finds_the_better_offer_under_a_heavy_tail() -> None:
    rows = value_rows(20_000, 4)
    parts = split_by_time(rows.at)
    forest = grow_forest(rows.take(parts.fit), rows.take(parts.tune), recipe_for("value", rows.target, threads=1))
    means = {}
    for age in (25.0, 60.0):
        every = rows_of(np.column_stack([np.full(4, age), CODES]), np.zeros(4), np.ones(4), np.arange(4))
        means[age] = forest.predict(raw_inputs(every))
    assert means[25.0].argmax() == 0
    assert means[60.0].argmax() == 2
    assert forest.predict(raw_inputs(rows)).mean() == pytest.approx(rows.target.mean(), rel=0.1)


def test_rare_words_and_new_ones_share_the_missing_category() -> None:
    rows = response_rows(2_000, 5)
    rare = rows.matrix.copy()
    rare[:5, 1] = [101.0, 102.0, 103.0, 104.0, 105.0]
    changed = rows_of(rare, rows.target, rows.position, np.zeros(2_000, int))
    recipe = recipe_for("response", rows.target)
    forest = grow_forest(changed, None, type(recipe)("response", 7, 20, 1.0, rounds=5, categories=4))
    assert forest.categories["brand"] == (11, 22, 33, 44)
    encoded = encode_matrix(
        np.array([[30.0, 101.0, 1.0], [30.0, 999.0, 1.0]]), ("age", "brand", "position"), forest.categories
    )
    assert np.isnan(encoded[:, 1]).all()


def test_too_little_is_refused_with_what_is_missing() -> None:
    rows = response_rows(60, 6)
    with pytest.raises(TrainingError, match="responses among 60"):
        grow_forest(rows, None, recipe_for("response", rows.target))
    with pytest.raises(TrainingError, match="60 shown offers"):
        grow_forest(value_rows(60, 6), None, recipe_for("value", rows.target))
    with pytest.raises(TrainingError, match="value is 0"):
        fit_tails(np.zeros(10))


def test_tails_are_capped_and_the_mean_is_kept() -> None:
    value = np.random.default_rng(7).lognormal(0, 2, 5_000)
    value[:100] *= -1
    tails = fit_tails(value)
    tame = tails.tame(value)
    assert tame.mean() == pytest.approx(value.mean())
    assert tame.max() < value.max() / 2
    assert tails.low < 0 < tails.high


def test_rare_values_survive_their_cap() -> None:
    value = np.zeros(10_000)
    value[:20] = np.arange(1.0, 21.0)
    assert fit_tails(value).high > 19


def test_few_responses_make_small_trees() -> None:
    leaves = [recipe_for("response", np.repeat([1.0, 0.0], [hits, 50_000])).leaves for hits in (30, 200, 500, 5_000)]
    assert leaves == [4, 4, 10, 31]
    assert recipe_for("response", np.repeat([1.0, 0.0], [50_000, 500])).leaves == 10
    assert recipe_for("value", np.ones(50_000)).leaves == 7
