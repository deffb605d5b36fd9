import numpy as np
import pytest

from training.evaluation.actions import LoggedActions, PolicyActions, chances_only, unpredicted
from training.evaluation.gain import paired_gain
from training.evaluation.support import support_of

NUMBER = 2_000


def logged(logging: np.ndarray, seed: int = 1) -> tuple[LoggedActions, np.ndarray]:
    random = np.random.default_rng(seed)
    action = random.choice(len(logging), NUMBER, p=logging)
    value = random.normal(1.0 + action, 1.0)
    return unpredicted(value, logging[action], np.arange(NUMBER)), action


def test_the_effective_number_is_that_of_the_weights() -> None:
    rows, action = logged(np.array([0.5, 0.5]))
    own = support_of(rows, chances_only(rows.probability))
    assert (own.effective_sample_size, own.mean_weight, own.outside, own.refusal) == (NUMBER, 1.0, 0.0, "")
    one = support_of(rows, chances_only((action == 1).astype(float)))
    assert one.effective_sample_size == pytest.approx((action == 1).sum())
    assert one.refusal == ""


def test_a_policy_beyond_the_log_is_refused_by_what_its_weights_lack() -> None:
    rows, action = logged(np.array([0.5, 0.5, 0.0]))
    found = support_of(rows, chances_only(np.array([0.3, 0.3, 0.4])[action]))
    assert found.outside == pytest.approx(0.4, abs=0.01)
    assert found.refusal == "40% of what it would do was never tried in the log"


def test_where_it_is_known_what_the_log_could_do_that_decides() -> None:
    rows, action = logged(np.array([0.5, 0.5]))
    chance = np.array([0.5, 0.5])[action]
    for outside, refused in ((0.04, False), (0.06, True)):
        found = support_of(rows, PolicyActions(chance, np.zeros(NUMBER), np.full(NUMBER, outside)))
        assert found.outside == pytest.approx(outside)
        assert bool(found.refusal) is refused


def test_a_policy_that_the_log_hardly_ever_followed_is_refused() -> None:
    rows, action = logged(np.array([0.995, 0.005]))
    found = support_of(rows, chances_only((action == 1).astype(float)))
    assert found.effective_sample_size < 30
    assert "too rarely" in found.refusal
    assert support_of(rows.take(np.arange(0)), chances_only(np.empty(0))).refusal == "there are no decisions"


def test_no_gain_is_told_without_support() -> None:
    rows, action = logged(np.array([0.5, 0.5, 0.0]))
    beyond, inside = chances_only(np.array([0.0, 0.2, 0.8])[action]), chances_only(np.array([0.0, 1.0])[action])
    for pair in ((beyond, inside), (inside, beyond)):
        refused = paired_gain(rows, *pair)
        assert "never tried" in refused.refusal
        assert np.isnan([refused.value, refused.low, refused.high, refused.beside]).all()
    found = paired_gain(rows, inside, chances_only(rows.probability))
    assert found.low < 0.5 < found.high
    assert found.value == pytest.approx(0.5, abs=0.2)


def test_a_gain_can_be_told_of_a_part() -> None:
    rows, action = logged(np.array([0.5, 0.5]))
    inside, own = chances_only((action == 1).astype(float)), chances_only(rows.probability)
    mask = np.arange(NUMBER) < 500
    part = paired_gain(rows, inside, own, rows=mask)
    assert part.decisions == 500
    assert part == paired_gain(rows, inside, own, rows=np.flatnonzero(mask))
    whole = paired_gain(rows, inside, own)
    assert part.high - part.low > whole.high - whole.low


def test_what_is_lacking_by_chance_is_not_held_against_a_policy() -> None:
    """An action of 7.5 % in a log of 900: one drawing in twelve lacks a fifth of its weight, or more."""
    logging = np.array([0.925, 0.075])
    refused = lacking = 0
    for seed in range(400):
        action = np.random.default_rng(seed).choice(2, 900, p=logging)
        rows = unpredicted(np.ones(900), logging[action], np.arange(900))
        found = support_of(rows, chances_only((action == 1).astype(float)))
        lacking += found.outside > 0.15
        refused += bool(found.refusal)
    assert lacking > 20
    assert refused <= 4
    # What really lies outside is refused all the same.
    beyond = np.array([0.925, 0.075, 0.0])
    rows, action = logged(beyond)
    assert support_of(rows, chances_only(np.array([0.0, 0.5, 0.5])[action])).refusal


def test_what_is_known_exactly_counts_beside_what_has_to_be_guessed() -> None:
    rows, action = logged(np.array([0.5, 0.5]))
    chance, half = np.array([0.5, 0.5])[action], np.arange(NUMBER) < NUMBER // 2
    for outside, refused in ((0.04, False), (0.4, True)):
        found = support_of(rows, PolicyActions(chance, np.zeros(NUMBER), np.where(half, outside, np.nan)))
        assert found.outside == pytest.approx(outside / 2)
        assert bool(found.refusal) is refused


def test_one_subject_s_decisions_tell_of_one_subject() -> None:
    """Forty decisions of one heavy guest are no forty subjects."""
    rows = unpredicted(np.ones(60), np.full(60, 0.5), np.maximum(np.arange(60) - 39, 0))
    policy = PolicyActions(np.full(60, 0.5), np.zeros(60), np.zeros(60))
    found = support_of(rows, policy)
    assert found.effective_sample_size == 60.0
    assert "tell as much as 2 subjects" in found.refusal
