"""The interval of a lift holds however often one looks, and one that is made for a single look does not."""

import numpy as np
import pytest

from training.experiment.lift import FEWEST, TIGHTEST, Moments, lift, widening

LOOKS, PERSONS, EACH = 100, 500, 50
SINGLE = 1.959964
"""Standard errors that a single look at 95 % reaches."""


def watched(streams: int, effect: float, seed: int) -> tuple[Moments, Moments]:
    """Both groups of so many experiments at every look: persons who differ, come back, and spend with a heavy tail."""
    drawn = np.random.default_rng(seed)
    treated = drawn.random((streams, PERSONS)) < 0.5
    rate = drawn.beta(0.5, 4.5, (streams, PERSONS))
    rows = np.arange(streams)[:, None]
    earned, came = np.zeros((streams, PERSONS)), np.zeros((streams, PERSONS))
    looks = []
    for _ in range(LOOKS):
        who = drawn.integers(0, PERSONS, (streams, EACH))
        value = (drawn.random(who.shape) < rate[rows, who]) * drawn.lognormal(1.0, 1.0, who.shape)
        np.add.at(earned, (rows, who), value + effect * treated[rows, who])
        np.add.at(came, (rows, who), 1.0)
        seen = came > 0
        looks.append(
            [
                figure
                for group in (treated & seen, ~treated & seen)
                for figure in (
                    group.sum(1),
                    (came * group).sum(1),
                    (earned * group).sum(1),
                    (earned * earned * group).sum(1),
                )
            ]
        )
    figures = np.array(looks, np.float64).transpose(1, 2, 0)
    return Moments(*figures[:4]), Moments(*figures[4:])


def test_of_a_thousand_experiments_without_effect_looked_at_a_hundred_times_few_seem_to_have_one() -> None:
    group, beside = watched(1_000, 0.0, seed=1)
    found = lift(group, beside)
    ever = ((found.low > 0) | (found.high < 0)).any(axis=1).mean()
    error = (found.high - found.value) / widening(group.decisions + beside.decisions)
    naive = (np.abs(found.value) > SINGLE * error).any(axis=1).mean()
    assert ever <= 0.05
    assert naive > 0.1
    assert naive > 10 * ever


def test_the_truth_stays_inside_at_every_look_and_an_effect_is_found() -> None:
    effect = 0.5
    group, beside = watched(100, effect, seed=2)
    found = lift(group, beside)
    truth = effect * group.decisions / group.persons
    outside = ((found.low > truth) | (found.high < truth)).any(axis=1).mean()
    assert outside <= 0.05
    assert (found.low[:, -1] > 0).mean() > 0.5


def test_the_interval_is_not_wider_than_it_must_be() -> None:
    """Independent observations, watched from a hundredth of the tightest moment to a hundred times it."""
    drawn = np.random.default_rng(3)
    looks = np.unique(np.geomspace(TIGHTEST / 100, TIGHTEST * 100, 400).astype(int))
    steps = np.diff(looks, prepend=0)
    sums = np.cumsum(drawn.normal(0.0, np.sqrt(steps), (4_000, len(looks))), axis=1)
    ever = (np.abs(sums) / np.sqrt(looks) > widening(looks.astype(np.float64))).any(axis=1).mean()
    assert 0.02 < ever < 0.05
    assert widening(float(TIGHTEST)) == pytest.approx(widening(np.geomspace(100, 1e8, 2001)).min(), rel=1e-4)


def test_a_group_in_which_nothing_happened_yet_borrows_the_others_variance() -> None:
    quiet, busy = Moments(200, 200, 0.0, 0.0), Moments(20_000, 20_000, 600.0, 600.0)
    found = lift(quiet, busy)
    assert found.low < 0 < found.high


def test_the_interval_is_made_of_both_groups_variances() -> None:
    few, many = Moments(400, 900, 4_000.0, 400 * (10.0**2 + 6.0**2)), Moments(1_600, 3_600, 8_000.0, 1_600 * 5.0**2 * 2)
    within = 400 * 36.0 + 1_600 * 25.0
    least = within / 1_998
    error = np.sqrt(max(400 * 36.0 / 399, least) / 400 + max(1_600 * 25.0 / 1_599, least) / 1_600)
    found = lift(few, many)
    assert found.value == 5.0
    assert found.high - found.value == pytest.approx(error * widening(4_500))
    assert found.value - found.low == pytest.approx(error * widening(4_500))


def test_too_few_persons_give_no_figure() -> None:
    few, many = Moments(FEWEST - 1, 500, 50.0, 90.0), Moments(1_000, 5_000, 500.0, 900.0)
    assert np.isnan(lift(few, many).low)
    assert np.isnan(lift(few, many).value)
    assert np.isnan(lift(many, few).high)
