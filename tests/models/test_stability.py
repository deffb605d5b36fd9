"""Drift: the stability index, beside its definition, its chance level and a policy that changes what is shown."""

import numpy as np
import pytest

from models.reference import Histogram, Stability
from models.stability import LEAST, spread, spread_again, stability, weights_of

ONES = np.ones(1_000)
EACH = np.arange(1_000)
"""Everybody has one row."""


def shift(before: np.ndarray, now: np.ndarray, categorical: bool = False) -> Stability:
    reference = spread(before, np.ones(len(before)), np.arange(len(before)), categorical)
    assert reference is not None
    recent = spread_again(reference, now, np.ones(len(now)), np.arange(len(now)))
    assert recent is not None
    return stability(reference, recent)


def test_the_index_is_what_its_definition_says() -> None:
    one, other = Histogram((0.5, 0.3, 0.2), 1_000.0), Histogram((0.4, 0.4, 0.2), 4_000.0)
    by_hand = 0.1 * np.log(0.5 / 0.4) + 0.1 * np.log(0.4 / 0.3)
    found = stability(one, other)
    assert found.index == pytest.approx(by_hand, rel=1e-12)
    # The chi-squared quantile of 0.999 with two degrees of freedom is 2 ln 1000.
    assert found.chance == pytest.approx(2 * np.log(1_000) * (1 / 1_000 + 1 / 4_000), rel=1e-12)
    assert stability(one, one).index == 0.0


def test_numbers_fall_into_bins_of_equal_weight_and_what_was_never_seen_into_its_own() -> None:
    values = np.concatenate([np.linspace(0.0, 1.0, 900), np.full(100, np.nan)])
    reference = spread(values, ONES, EACH)
    assert reference is not None
    below, *inner, above, missing = reference.shares
    assert (below, above, missing) == (0.0, 0.0, 0.1)
    assert inner == pytest.approx([0.09] * 10, abs=0.002)
    lower = spread_again(reference, values - 5.0, ONES, EACH)
    higher = spread_again(reference, values + 5.0, ONES, EACH)
    assert lower is not None
    assert higher is not None
    assert (lower.shares[0], higher.shares[-2]) == (0.9, 0.9)


def test_a_constant_that_becomes_another_number_has_drifted() -> None:
    assert shift(np.zeros(200), np.zeros(200)).index == 0.0
    for number in (-1.0, 1e-9, np.nan):
        assert shift(np.zeros(200), np.full(200, number)).above(5.0)


def test_strings_fall_into_bins_of_their_own_and_new_ones_among_the_others() -> None:
    before = np.repeat([281474976710655.0, 17.0], [600, 400])
    reference = spread(before, ONES, EACH, categorical=True)
    assert reference is not None
    assert reference.categories == (17.0, 281474976710655.0)
    assert reference.shares == (0.4, 0.6, 0.0, 0.0)
    now = spread_again(reference, np.repeat([17.0, 99.0, np.nan], [500, 300, 200]), ONES, EACH)
    assert now is not None
    assert now.shares == (0.5, 0.0, 0.3, 0.2)


def test_chance_alone_stays_within_its_level_999_times_in_a_thousand() -> None:
    random = np.random.default_rng(20)
    beyond = 0
    for _ in range(1_500):
        one, other = random.normal(size=300), random.normal(size=500)
        found = shift(one, other)
        beyond += found.index > found.chance
    assert beyond <= 6


def test_few_rows_or_people_tell_nothing() -> None:
    few = int(LEAST) - 1
    assert spread(np.zeros(few), np.ones(few), EACH[:few]) is None
    assert spread(np.zeros(1_000), np.zeros(1_000), EACH) is None
    assert spread(np.zeros(1_000), ONES, EACH % few) is None
    # Two rows that outweigh all others are two rows.
    assert spread(np.zeros(1_000), np.where(EACH < 2, 1e9, 1.0), EACH) is None


def test_a_small_shift_in_few_rows_is_within_chance() -> None:
    random = np.random.default_rng(21)
    few = shift(random.normal(size=60), random.normal(0.5, 1.0, 60))
    many = shift(random.normal(size=6_000), random.normal(0.5, 1.0, 6_000))
    assert few.index > 0.2
    assert not few.above(0.2)
    assert many.above(0.2)


def test_what_a_new_policy_shows_is_no_drift_of_the_offers() -> None:
    """Two policies choose among the same four offers: weighted by probability they show the same spread."""
    random = np.random.default_rng(22)
    prices = np.array([50.0, 100.0, 150.0, 400.0])
    found = []
    for chances in (np.full(4, 0.25), np.array([0.1, 0.1, 0.1, 0.7])):
        drawn = random.choice(4, 4_000, p=chances)
        position = np.ones(4_000)
        found.append((prices[drawn], weights_of(False, position, chances[drawn])))
    (before, first), (now, second) = found
    everybody = np.arange(4_000)
    reference = spread(before, first, everybody)
    assert reference is not None
    weighted, plain = (
        spread_again(reference, now, second, everybody),
        spread_again(reference, now, np.ones(4_000), everybody),
    )
    assert weighted is not None
    assert plain is not None
    assert not stability(reference, weighted).above(0.05)
    assert stability(reference, plain).above(0.2)


def test_what_is_said_of_the_request_counts_once_a_decision() -> None:
    position = np.array([1.0, 2.0, 3.0, 1.0])
    probability = np.array([0.5, 0.25, np.nan, 0.0])
    assert weights_of(True, position, probability).tolist() == [1.0, 0.0, 0.0, 1.0]
    assert weights_of(False, position, probability).tolist() == [2.0, 4.0, 0.0, 0.0]


def test_rows_of_one_person_tell_no_more_than_one() -> None:
    random = np.random.default_rng(23)
    beyond, naive = 0, 0
    for _ in range(300):
        # A hundred people, each seen ten times, all of whose rows are alike.
        one, other = (np.repeat(random.normal(size=100), 10) for _ in range(2))
        for clustered in (True, False):
            people = EACH // 10 if clustered else EACH
            reference = spread(one, ONES, people)
            assert reference is not None
            recent = spread_again(reference, other, ONES, people)
            assert recent is not None
            found = stability(reference, recent)
            beyond += clustered and found.index > found.chance
            naive += not clustered and found.index > found.chance
    assert beyond <= 3
    assert naive > 150
