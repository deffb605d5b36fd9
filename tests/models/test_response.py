import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forest import parse_forest
from models.response import response_of
from rules.errors import ArtefactError


@pytest.mark.parametrize(
    "parameters",
    [
        {"objective": "binary"},
        {"objective": "binary", "sigmoid": 2.5},
        {"objective": "cross_entropy"},
        {"objective": "regression"},
        {"objective": "regression", "reg_sqrt": True},
        {"objective": "poisson"},
        {"objective": "tweedie"},
        {"objective": "gamma"},
        {"objective": "huber"},
    ],
)
def test_the_response_is_what_lightgbm_predicts(parameters: dict[str, object]) -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(400, 3))
    label = (features.sum(axis=1) > 0) * 1.0
    if parameters["objective"] in ("poisson", "tweedie", "gamma", "huber", "regression"):
        label = np.exp(features[:, 0])
    booster = lgb.train({"verbose": -1, "num_threads": 1, **parameters}, lgb.Dataset(features, label), 5)
    raw = np.asarray(booster.predict(features, raw_score=True), np.float64)
    response = response_of(parse_forest(booster.model_to_string()).objective)
    given = raw.copy()
    assert response(raw) == pytest.approx(np.asarray(booster.predict(features)), rel=1e-14)
    assert (raw == given).all()


def test_the_response_of_any_raw_score_is_a_number() -> None:
    for objective in ("binary sigmoid:1", "poisson"):
        assert np.isfinite(response_of(objective)(np.array([-1e308, -800.0, 0.0, 700.0]))).all()


@given(st.lists(st.floats(), min_size=1), st.floats(0.1, 10.0))
def test_the_logistic_response_is_numpys_bit_for_bit(raw: list[float], slope: float) -> None:
    scores = np.array(raw)
    with np.errstate(over="ignore"):
        exponents = np.clip(-slope * scores, -745.0, 709.0)
    expected = 1.0 / (1.0 + np.exp(exponents))
    assert np.array_equal(response_of(f"binary sigmoid:{slope}")(scores), expected, equal_nan=True)


def test_objectives_that_give_no_propensity_are_refused_by_name() -> None:
    with pytest.raises(ArtefactError, match="lambdarank"):
        response_of("lambdarank")
