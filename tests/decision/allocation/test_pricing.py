import numpy as np
import pytest

from decision.allocation import UNLIMITED, Left, Rows, Shortfall, Volumes, first_row, plan_for, prices_for
from tests.decision.allocation.instances import audience, optimum, rows_of


def test_a_price_lies_between_the_last_who_stays_and_the_first_who_goes() -> None:
    rows = rows_of(np.array([[9.0], [7.0], [4.0], [2.0]]))
    pricing = prices_for(rows, Volumes.of([[0]], 1), Left(np.array([2]), np.array([0]), 4), 1)
    assert 4.0 < pricing.by_place[0] < 7.0
    assert pricing.choices.ravel().tolist() == [0, 0, -1, -1]
    assert pricing.value == 16.0
    assert pricing.bound == pytest.approx(16.0)


def test_a_minimum_is_a_subsidy_just_high_enough() -> None:
    rows = rows_of(np.array([[9.0, 1.0], [7.0, 3.0], [4.0, 1.5]]))
    pricing = prices_for(rows, Volumes.of([[], [0]], 1), Left(np.array([UNLIMITED]), np.array([1]), 3), 1)
    assert -4.0 < pricing.by_place[0] < -2.5
    assert pricing.choices.ravel().tolist() == [0, 0, 1]
    assert pricing.shortfalls == ()


def test_an_offer_costs_the_sum_of_its_places() -> None:
    volumes = Volumes.of([[0, 2], [1], []], 3)
    assert volumes.cost(np.array([1.0, 2.0, -4.0])).tolist() == [-3.0, 2.0, 0.0]


def test_joint_limits_are_priced_where_values_are_all_the_same() -> None:
    # A kink that no single price leads out of: the theme's limit alone should have the price.
    rows = rows_of(np.ones((200, 2)))
    volumes, left = Volumes.of([[0, 2], [1, 2]], 3), Left(np.array([80, 80, 100]), np.zeros(3, np.int64), 200)
    assert prices_for(rows, volumes, left, 1).bound == pytest.approx(100.0, rel=1e-3)


def test_minimums_that_cannot_be_met_are_told_with_what_is_missing() -> None:
    values = np.ones((20, 3))
    values[5:, 1] = 0.0
    left = Left(np.array([UNLIMITED, UNLIMITED, 4]), np.array([3, 12, 9]), 20)
    pricing = prices_for(rows_of(values), Volumes.of([[0], [1], [2]], 3), left, 1)
    assert pricing.shortfalls == (Shortfall(1, 12, 7), Shortfall(2, 9, 5))


def test_minimums_that_outbid_each_other_are_told_too() -> None:
    left = Left(np.array([UNLIMITED, UNLIMITED]), np.array([15, 15]), 20)
    pricing = prices_for(rows_of(np.ones((20, 2))), Volumes.of([[0], [1]], 2), left, 1)
    assert sum(one.missing for one in pricing.shortfalls) == 10


def test_prices_are_the_same_bit_for_bit() -> None:
    rows, volumes, left, slots = audience(2, customers=500)
    again = audience(2, customers=500)
    first, second = prices_for(rows, volumes, left, slots), prices_for(*again)
    assert first.by_place.tobytes() == second.by_place.tobytes()
    assert first.choices.tobytes() == second.choices.tobytes()


def test_prices_stay_where_no_sample_is_left() -> None:
    nobody = Rows.of([])
    left = Left(np.array([5]), np.array([0]), 100)
    assert prices_for(nobody, Volumes.of([[0]], 1), left, 1, np.array([2.5])).by_place.tolist() == [2.5]


def test_a_sample_stands_for_more() -> None:
    rows = rows_of(np.arange(1.0, 101.0)[:, None])
    left = Left(np.array([5_000]), np.array([0]), 10_000)
    pricing = prices_for(rows, Volumes.of([[0]], 1), left, 1)
    assert 50.0 <= pricing.by_place[0] <= 51.0
    assert pricing.value == 100.0 * sum(range(51, 101))


def test_a_plan_says_what_each_limit_costs() -> None:
    rows, volumes, left, slots = audience(1, customers=600, offers=20)
    plan = plan_for(rows, volumes, left, slots)
    with_all = optimum(rows, volumes, left, slots)
    assert with_all is not None
    assert 0.0 <= plan.gap < 0.002
    assert plan.bound == pytest.approx(with_all, rel=1e-3)
    assert plan.limits
    for figures in plan.limits[:5]:
        without = optimum(rows, volumes, left.without(figures.place), slots)
        assert without is not None
        assert figures.cost == pytest.approx(without - with_all, abs=2e-3 * with_all)
    assert plan.limits[0].cost > 0.0


def test_prices_are_found_on_who_is_left_or_on_half_a_sample() -> None:
    assert [first_row(begin, 100, 100) for begin in (0, 40, 90)] == [0, 40, 90]
    assert [first_row(begin, 100, 5_000) for begin in (0, 40, 90)] == [0, 40, 50]
