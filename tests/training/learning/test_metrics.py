import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.learning.metrics import area_under_curve, log_loss, response_quality, value_quality

rows = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=25)


@given(rows)
def test_auc_counts_pairs(drawn: list[tuple[bool, int]]) -> None:
    target = np.array([float(hit) for hit, _ in drawn])
    prediction = np.array([tenths / 10 for _, tenths in drawn])
    pairs = [(up, down) for up in prediction[target == 1] for down in prediction[target == 0]]
    found = area_under_curve(target, prediction)
    if not pairs:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(sum((up > down) + (up == down) / 2 for up, down in pairs) / len(pairs))


@given(rows)
def test_log_loss_is_the_mean_surprise(drawn: list[tuple[bool, int]]) -> None:
    surprise = [-math.log(tenths / 10 if hit else 1 - tenths / 10) for hit, tenths in drawn]
    target = np.array([float(hit) for hit, _ in drawn])
    prediction = np.array([tenths / 10 for _, tenths in drawn])
    assert log_loss(target, prediction) == pytest.approx(sum(surprise) / len(surprise))


def test_certainty_that_fails_costs_much_but_not_everything() -> None:
    assert 20 < log_loss(np.array([1.0]), np.array([0.0])) < 40


def test_each_objective_has_its_own_figures() -> None:
    target, prediction = np.array([0.0, 1.0]), np.array([0.2, 0.6])
    response, value = response_quality(target, prediction), value_quality(target, prediction)
    assert response.auc == 1.0
    assert response.squared_error is None
    assert value.squared_error == pytest.approx(0.1)
    assert value.log_loss is None
    assert response.mean_prediction == value.mean_prediction == pytest.approx(0.4)
