"""Intervals: how often they hold the truth, over many simulated logs of people who decide several times.

COVERAGE=1000 (`make intervals`) simulates as many logs; the suite a part of them.
"""

import os
import statistics

import numpy as np
import pytest

from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.estimators import (
    Ratio,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)
from training.evaluation.gain import paired_gain
from training.evaluation.intervals import bootstrap_intervals, empirical_bernstein

LOGS = int(os.environ.get("COVERAGE", "40"))
PEOPLE, VISITS, ACTIONS = 400, 3, 4
RATES = np.array([[0.10, 0.30, 0.20, 0.05], [0.35, 0.10, 0.15, 0.25]])
"""Chance of a response by kind of person and action; each person is more or less willing than the others of a kind."""
LOGGING = np.array([[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]])
TARGET = np.array([[0.05, 0.8, 0.1, 0.05], [0.7, 0.1, 0.1, 0.1]])
BESIDE = np.full((2, ACTIONS), 0.25)
GUESSED = np.array([0.2, 0.25, 0.15, 0.2])
"""What the reward model says, wrongly, whoever asks."""


def simulated(seed: int) -> tuple[LoggedActions, PolicyActions, PolicyActions]:
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), VISITS)
    kind = random.integers(0, 2, PEOPLE)[person]
    willing = random.choice([0.5, 1.5], PEOPLE)[person]
    action = (random.random(len(person))[:, None] > LOGGING[kind].cumsum(axis=1)).sum(axis=1)
    value = (random.random(len(person)) < RATES[kind, action] * willing).astype(np.float64)
    logged = LoggedActions(value, LOGGING[kind, action], person, GUESSED[action])
    target, beside = (
        PolicyActions(chances[kind, action], chances[kind] @ GUESSED, np.zeros(len(person)))
        for chances in (TARGET, BESIDE)
    )
    return logged, target, beside


def truth(policy: np.ndarray) -> float:
    return float((policy * RATES).sum(axis=1).mean())


def test_intervals_of_95_percent_hold_the_truth_about_so_often(capsys: pytest.CaptureFixture[str]) -> None:
    held: dict[str, list[bool]] = {}
    for seed in range(LOGS):
        logged, target, beside = simulated(seed)
        ratios = {
            "IPS": inverse_propensity(logged, target),
            "SNIPS": self_normalised(logged, target),
            "DR": doubly_robust(logged, target),
            "Switch-DR": switch_doubly_robust(logged, target),
        }
        intervals = bootstrap_intervals([(ratio, None) for ratio in ratios.values()], logged.cluster)
        for name, interval in zip(ratios, intervals, strict=True):
            held.setdefault(name, []).append(interval.low <= truth(TARGET) <= interval.high)
        gain = paired_gain(logged, target, beside)
        held.setdefault("gain by DR", []).append(gain.low <= truth(TARGET) - truth(BESIDE) <= gain.high)
        sure = empirical_bernstein(ratios["DR"], logged.cluster)
        held.setdefault("DR, sure", []).append(sure.low <= truth(TARGET) <= sure.high)
    shares = {name: statistics.mean(found) for name, found in held.items()}
    with capsys.disabled():
        if "COVERAGE" in os.environ:
            print(
                f"\nThe truth lay inside, in {LOGS:,} logs:", {name: f"{share:.1%}" for name, share in shares.items()}
            )
    # Of few logs the share itself varies; four of its errors more are allowed for that.
    slack = 4 * (0.95 * 0.05 / LOGS) ** 0.5 if LOGS < 1_000 else 0.0
    assert shares.pop("DR, sure") >= 0.99
    for name, share in shares.items():
        assert 0.93 - slack <= share <= 0.97 + slack, name


def test_an_interval_that_takes_people_for_many_is_too_narrow() -> None:
    """The world above is one where clusters matter: without them the errors would be understated."""
    logged, target, _ = simulated(1)
    ratio = doubly_robust(logged, target)
    (with_people,) = bootstrap_intervals([(ratio, None)], logged.cluster)
    copies = Ratio(np.tile(ratio.earned, 4), np.tile(ratio.counted, 4))
    (as_they_are,) = bootstrap_intervals([(copies, None)], np.tile(logged.cluster, 4))
    (taken_apart,) = bootstrap_intervals([(copies, None)], np.arange(4 * len(logged)))
    width = with_people.high - with_people.low
    assert as_they_are.high - as_they_are.low == pytest.approx(width)
    assert taken_apart.high - taken_apart.low == pytest.approx(width / 2, rel=0.15)


def test_many_people_are_drawn_in_bundles_and_say_the_same() -> None:
    random = np.random.default_rng(4)
    number = 40_000
    ratio = Ratio(random.normal(2.0, 1.0, number), np.ones(number))
    (interval,) = bootstrap_intervals([(ratio, None)], np.arange(number))
    assert (interval.low, interval.high) == pytest.approx(
        (ratio.value - 1.96 / number**0.5, ratio.value + 1.96 / number**0.5), abs=0.001
    )


def test_the_same_arguments_give_the_same_interval() -> None:
    logged, target, beside = simulated(2)
    assert paired_gain(logged, target, beside) == paired_gain(logged, target, beside)


def test_the_sure_interval_follows_the_theorem() -> None:
    """Maurer and Pontil's theorem 4 on each side, by hand."""
    earned = np.array([0.0, 1.0, 1.0, 0.0, 3.0, 0.0])
    found = empirical_bernstein(Ratio(earned, np.ones(6)), np.arange(6))
    surprise = np.log(2 / 0.025)
    reach = (2 * statistics.variance(earned) * surprise / 6) ** 0.5 + 7 * 3.0 * surprise / (3 * 5)
    assert (found.low, found.high) == pytest.approx((5 / 6 - reach, 5 / 6 + reach))
