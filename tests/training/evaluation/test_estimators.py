"""Estimators against exact enumeration, the plain formulas by hand, and the spread over many samples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.actions import LoggedActions, PolicyActions, chances_only, unpredicted
from training.evaluation.estimate import estimates_of
from training.evaluation.estimators import (
    Ratio,
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)
from training.evaluation.intervals import clustered_error

WORTH = np.array([1.0, 4.0, -2.0])
LOGGING = np.array([0.5, 0.2, 0.3])
GUESSED = np.array([1.5, 2.0, -1.0])


def logged(actions: np.ndarray, cluster: np.ndarray | None = None) -> LoggedActions:
    members = np.arange(len(actions)) if cluster is None else cluster
    return LoggedActions(WORTH[actions], LOGGING[actions], members.astype(np.int64), GUESSED[actions])


def judged(policy: np.ndarray, actions: np.ndarray) -> PolicyActions:
    number = len(actions)
    return PolicyActions(policy[actions], np.full(number, float(policy @ GUESSED)), np.zeros(number))


def policies() -> st.SearchStrategy[np.ndarray]:
    weights = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(lambda parts: sum(parts) > 0)
    return weights.map(lambda parts: np.array(parts) / sum(parts))


@given(policies())
def test_ips_and_dr_are_exact_in_expectation(policy: np.ndarray) -> None:
    for estimator in (inverse_propensity, doubly_robust):
        each = [estimator(logged(one), judged(policy, one)).value for one in (np.array([at]) for at in range(3))]
        assert LOGGING @ np.array(each) == pytest.approx(float(policy @ WORTH))


@given(policies(), st.lists(st.integers(0, 2), min_size=2, max_size=30))
def test_figures_equal_the_formulas_by_hand(policy: np.ndarray, taken: list[int]) -> None:
    actions = np.array(taken)
    rows, columns = logged(actions), judged(policy, actions)
    weights = [policy[action] / LOGGING[action] for action in taken]
    model = sum(policy[action] * GUESSED[action] for action in range(3))
    errors = [w * (WORTH[a] - GUESSED[a]) for w, a in zip(weights, taken, strict=True)]
    assert inverse_propensity(rows, columns).value == pytest.approx(np.mean(weights * WORTH[actions]))
    assert direct_method(rows, columns).value == pytest.approx(model)
    assert doubly_robust(rows, columns).value == pytest.approx(model + sum(errors) / len(taken))
    kept = [error for error, weight in zip(errors, weights, strict=True) if weight <= 1.2]
    assert switch_doubly_robust(rows, columns, 1.2).value == pytest.approx(model + sum(kept) / len(taken))
    snips = self_normalised(rows, columns).value
    if sum(weights) == 0:
        assert math.isnan(snips)
    else:
        assert snips == pytest.approx(float(np.array(weights) @ WORTH[actions]) / sum(weights))


def test_without_a_threshold_weights_up_to_the_root_of_the_number_count() -> None:
    rows = LoggedActions(np.ones(4), np.array([0.5, 0.5, 0.5, 0.4]), np.arange(4), np.zeros(4))
    assert switch_doubly_robust(rows, chances_only(np.ones(4))).value == pytest.approx(6 / 4)


def test_the_logged_policy_estimates_to_its_own_mean() -> None:
    actions = np.random.default_rng(1).choice(3, 500, p=LOGGING)
    rows = logged(actions)
    own = PolicyActions(rows.probability, rows.predicted, np.zeros(500))
    for estimator in (inverse_propensity, self_normalised, doubly_robust):
        (estimate,) = estimates_of([estimator(rows, own)], rows.cluster)
        assert estimate.value == pytest.approx(rows.value.mean())
        assert estimate.standard_error == pytest.approx(rows.value.std(ddof=1) / math.sqrt(500))


def test_errors_match_the_spread_over_many_samples() -> None:
    generator = np.random.default_rng(2)
    policy = np.array([0.1, 0.8, 0.1])
    values, errors = [], []
    for _ in range(400):
        actions = generator.choice(3, 300, p=LOGGING)
        rows, columns = logged(actions), judged(policy, actions)
        ratios = [estimator(rows, columns) for estimator in (inverse_propensity, self_normalised, doubly_robust)]
        values.append([ratio.value for ratio in ratios])
        errors.append([clustered_error(ratio.influence, rows.cluster) for ratio in ratios])
    assert np.mean(values, axis=0) == pytest.approx([policy @ WORTH] * 3, abs=0.05)
    assert np.mean(errors, axis=0) == pytest.approx(np.std(values, axis=0), rel=0.15)


def test_repeating_every_decision_of_a_cluster_tells_nothing_new() -> None:
    actions = np.random.default_rng(3).choice(3, 200, p=LOGGING)
    policy = np.array([0.2, 0.2, 0.6])
    twice = np.tile(actions, 2)
    once = estimates_of([self_normalised(logged(actions), judged(policy, actions))], np.arange(200))[0]
    again = estimates_of([self_normalised(logged(twice), judged(policy, twice))], np.tile(np.arange(200), 2))[0]
    assert again.value == pytest.approx(once.value)
    assert again.standard_error == pytest.approx(once.standard_error)
    assert (again.low, again.high) == pytest.approx((once.low, once.high))


def test_what_cannot_be_said_is_not_a_number() -> None:
    nothing = unpredicted(np.empty(0), np.empty(0), np.empty(0, np.int64))
    assert math.isnan(inverse_propensity(nothing, chances_only(np.empty(0))).value)
    actions = np.array([0, 0])
    never = self_normalised(logged(actions), chances_only(np.zeros(2)))
    assert math.isnan(never.value)
    assert math.isnan(estimates_of([never], np.arange(2))[0].standard_error)
    assert math.isnan(clustered_error(np.array([0.1, -0.1]), np.zeros(2, np.int64)))
    assert math.isnan(estimates_of([Ratio(np.ones(2), np.ones(2))], np.zeros(2, np.int64))[0].low)


def test_an_unknown_probability_is_refused() -> None:
    for unknown in (0.0, np.nan):
        rows = unpredicted(np.ones(2), np.array([0.5, unknown]), np.arange(2))
        with pytest.raises(ValueError, match="probability"):
            inverse_propensity(rows, chances_only(np.ones(2)))
