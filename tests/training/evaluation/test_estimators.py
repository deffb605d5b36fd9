"""Estimators against brute force: exact enumeration, and the plain formulas by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.estimators import LoggedActions, clustered_error, gain, inverse_propensity, self_normalised

WORTH = np.array([1.0, 4.0, -2.0])
LOGGING = np.array([0.5, 0.2, 0.3])


def logged(actions: np.ndarray, cluster: np.ndarray | None = None) -> LoggedActions:
    members = np.arange(len(actions)) if cluster is None else cluster
    return LoggedActions(WORTH[actions], LOGGING[actions], members.astype(np.int64))


def policies() -> st.SearchStrategy[np.ndarray]:
    weights = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(lambda parts: sum(parts) > 0)
    return weights.map(lambda parts: np.array(parts) / sum(parts))


@given(policies())
def test_ips_is_exact_in_expectation(policy: np.ndarray) -> None:
    expected = sum(
        LOGGING[action] * inverse_propensity(logged(np.array([action])), policy[[action]]).value for action in range(3)
    )
    assert expected == pytest.approx(float(policy @ WORTH))


@given(policies(), st.lists(st.integers(0, 2), min_size=2, max_size=30))
def test_figures_equal_the_formulas_by_hand(policy: np.ndarray, taken: list[int]) -> None:
    actions = np.array(taken)
    weights = [policy[action] / LOGGING[action] for action in taken]
    ips = inverse_propensity(logged(actions), policy[actions])
    assert ips.value == pytest.approx(sum(w * WORTH[a] for w, a in zip(weights, taken, strict=True)) / len(taken))
    assert ips.mean_weight == pytest.approx(sum(weights) / len(taken))
    assert ips.decisions == len(taken)
    snips = self_normalised(logged(actions), policy[actions])
    if sum(weights) == 0:
        assert math.isnan(snips.value)
        return
    assert snips.value == pytest.approx(sum(w * WORTH[a] for w, a in zip(weights, taken, strict=True)) / sum(weights))
    assert snips.effective_sample_size == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))


def test_the_logged_policy_estimates_to_its_own_mean() -> None:
    actions = np.random.default_rng(1).choice(3, 500, p=LOGGING)
    rows = logged(actions)
    for estimate in (inverse_propensity(rows, rows.probability), self_normalised(rows, rows.probability)):
        assert estimate.value == pytest.approx(rows.value.mean())
        assert estimate.effective_sample_size == pytest.approx(500)
        assert estimate.standard_error == pytest.approx(rows.value.std(ddof=1) / math.sqrt(500))


def test_errors_match_the_spread_over_many_samples() -> None:
    generator = np.random.default_rng(2)
    policy = np.array([0.1, 0.8, 0.1])
    other = np.array([0.6, 0.2, 0.2])
    values, errors = [], []
    for _ in range(400):
        actions = generator.choice(3, 300, p=LOGGING)
        rows = logged(actions)
        ips, snips = inverse_propensity(rows, policy[actions]), self_normalised(rows, policy[actions])
        paired = gain(rows, policy[actions], other[actions])
        values.append((ips.value, snips.value, paired[0]))
        errors.append((ips.standard_error, snips.standard_error, paired[1]))
    spread, stated = np.std(values, axis=0), np.mean(errors, axis=0)
    assert np.mean(values, axis=0) == pytest.approx(
        [policy @ WORTH, policy @ WORTH, (policy - other) @ WORTH], abs=0.05
    )
    assert stated == pytest.approx(spread, rel=0.15)


def test_repeating_every_decision_of_a_cluster_tells_nothing_new() -> None:
    actions = np.random.default_rng(3).choice(3, 200, p=LOGGING)
    policy = np.array([0.2, 0.2, 0.6])
    once = self_normalised(logged(actions), policy[actions])
    twice = np.tile(actions, 2)
    again = self_normalised(logged(twice, np.tile(np.arange(200), 2)), policy[twice])
    assert again.value == pytest.approx(once.value)
    assert again.standard_error == pytest.approx(once.standard_error)


def test_what_cannot_be_said_is_not_a_number() -> None:
    nothing = LoggedActions(np.empty(0), np.empty(0), np.empty(0, np.int64))
    assert math.isnan(inverse_propensity(nothing, np.empty(0)).value)
    assert math.isnan(self_normalised(nothing, np.empty(0)).value)
    actions = np.array([0, 0])
    assert math.isnan(self_normalised(logged(actions), np.zeros(2)).value)
    assert math.isnan(gain(logged(actions), np.zeros(2), np.ones(2))[0])
    assert math.isnan(clustered_error(np.array([0.1, -0.1]), np.zeros(2, np.int64)))


def test_an_unknown_probability_is_refused() -> None:
    rows = LoggedActions(np.ones(2), np.array([0.5, 0.0]), np.arange(2))
    with pytest.raises(ValueError, match="probability"):
        inverse_propensity(rows, np.ones(2))
