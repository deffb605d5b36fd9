"""Drift: the stability index, beside its definition, its chance level and a policy that changes what is shown."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.reference import Histogram, Spread, Stability
from models.stability import LEAST, Crowd, crowd_of, spread, stability

Floats = NDArray[np.float64]


def crowd(
    rows: int, each: int = 1, probability: float | Floats = 0.5, placement: NDArray[np.str_] | None = None
) -> Crowd:
    """First offers, each person's `each` rows one after another."""
    subject = np.array([f"c:{row // each}" for row in range(rows)])
    where = np.full(rows, "home") if placement is None else placement
    return crowd_of(np.ones(rows), np.broadcast_to(probability, (rows,)).astype(np.float64), subject, where)


def reference_of(values: Floats, people: Crowd | None = None, categorical: bool = False) -> Histogram:
    found = spread(values, people or crowd(len(values)), of_request=True, categorical=categorical)
    assert found is not None
    return found


def shift(before: Floats, now: Floats, people: Crowd | None = None, categorical: bool = False) -> Stability:
    found = stability(reference_of(before, people, categorical), now, people or crowd(len(now)), of_request=True)
    assert found is not None
    return found


def test_the_index_is_what_its_definition_says() -> None:
    reference = Histogram({"home": Spread((0.5, 0.3, 0.2, 0.0), 1_000.0)}, categories=(1.0, 2.0))
    now = np.repeat([1.0, 2.0, 3.0], [1_600, 1_600, 800])
    found = stability(reference, now, crowd(4_000), of_request=True)
    assert found is not None
    assert found.index == pytest.approx(0.1 * np.log(0.5 / 0.4) + 0.1 * np.log(0.4 / 0.3), rel=1e-12)
    # The chi-squared quantile of 0.999 with two degrees of freedom is 2 ln 1000.
    assert found.chance == pytest.approx(2 * np.log(1_000) * (1 / 1_000 + 1 / 4_000), rel=1e-12)
    assert shift(now, now).index == 0.0


def test_numbers_fall_into_bins_of_equal_weight_and_what_was_never_seen_into_its_own() -> None:
    values = np.concatenate([np.linspace(0.0, 1.0, 900), np.full(100, np.nan)])
    reference = reference_of(values)
    below, *inner, above, missing = reference.placements["home"].shares
    assert (below, above, missing) == (0.0, 0.0, 0.1)
    assert inner == pytest.approx([0.09] * 10, abs=0.002)
    # All that is known moves into a bin that was empty, which counts as half of the 1,000 people.
    gone = sum((share - 0.0005) * np.log(share / 0.0005) for share in inner)
    for moved in (-5.0, 5.0):
        index = shift(values, values + moved).index
        assert index == pytest.approx(gone + (0.9 - 0.0005) * np.log(0.9 / 0.0005), rel=1e-12)


def test_a_constant_that_becomes_another_number_has_drifted() -> None:
    assert shift(np.zeros(200), np.zeros(200)).index == 0.0
    for number in (-1.0, 1e-9, np.nan):
        assert shift(np.zeros(200), np.full(200, number)).above(5.0)


def test_strings_fall_into_bins_of_their_own_and_new_ones_among_the_others() -> None:
    before = np.repeat([281474976710655.0, 17.0], [600, 400])
    reference = reference_of(before, categorical=True)
    assert reference.categories == (17.0, 281474976710655.0)
    assert reference.placements["home"] == Spread((0.4, 0.6, 0.0, 0.0), 1_000.0)
    now = np.repeat([17.0, 99.0, np.nan], [500, 300, 200])
    shares = zip((0.4, 0.6, 0.0005, 0.0005), (0.5, 0.0005, 0.3, 0.2), strict=True)
    by_hand = sum((other - one) * np.log(other / one) for one, other in shares)
    assert shift(before, now, categorical=True).index == pytest.approx(by_hand, rel=1e-12)


def test_chance_alone_stays_within_its_level_999_times_in_a_thousand() -> None:
    random = np.random.default_rng(20)
    people, beyond = crowd(400), 0
    for _ in range(1_500):
        found = shift(random.normal(size=400), random.normal(size=400), people)
        beyond += found.index > found.chance
    assert beyond <= 6


def test_rows_of_one_person_tell_no_more_than_one() -> None:
    random = np.random.default_rng(23)
    beyond = {1: 0, 10: 0}
    people = {each: crowd(1_000, each) for each in beyond}
    for _ in range(200):
        # A hundred people, each seen ten times, all of whose rows are alike.
        one, other = (np.repeat(random.normal(size=100), 10) for _ in range(2))
        for each in beyond:
            found = shift(one, other, people[each])
            beyond[each] += found.index > found.chance
    assert beyond[10] <= 2
    assert beyond[1] > 100


def test_few_rows_or_people_tell_nothing() -> None:
    few, rows = int(LEAST) - 1, np.zeros(1_000)
    assert spread(rows[:few], crowd(few), of_request=True) is None
    assert spread(rows[: few * 5], crowd(few * 5, each=5), of_request=True) is None
    assert spread(rows, crowd(1_000, probability=np.nan), of_request=False) is None
    # Two rows that outweigh all others are two rows.
    assert spread(rows, crowd(1_000, probability=np.where(np.arange(1_000) < 2, 1e-9, 1.0)), of_request=False) is None
    assert stability(reference_of(rows), rows[:few], crowd(few), of_request=True) is None


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
    drawn, people = [], []
    for chances in (np.full(4, 0.25), np.array([0.1, 0.1, 0.1, 0.7])):
        drawn.append(random.choice(4, 4_000, p=chances))
        people.append(crowd(4_000, probability=chances[drawn[-1]]))
    reference = spread(prices[drawn[0]], people[0], of_request=False)
    assert reference is not None
    weighted = stability(reference, prices[drawn[1]], people[1], of_request=False)
    assert weighted is not None
    assert not weighted.above(0.05)
    assert shift(prices[drawn[0]], prices[drawn[1]]).above(0.2)


def test_a_campaign_is_no_drift_of_the_people_on_the_web() -> None:
    """Mails go to the old and the web is for the young: how many of each there were lately says nothing of either."""
    random = np.random.default_rng(24)

    def week(mails: int) -> tuple[Floats, Crowd]:
        where = np.repeat(["home", "mail"], [2_000, mails])
        return np.where(where == "home", 30.0, 60.0) + random.normal(0, 5, len(where)), crowd(
            len(where), placement=where
        )

    before, quiet = week(0), week(2_000)
    for one, other in ((before, quiet), (quiet, before), (quiet, week(8_000))):
        found = stability(reference_of(*one), *other, of_request=True)
        assert found is not None
        assert not found.above(0.02)
    elsewhere = week(500)[0][2_000:], crowd(500, placement=np.full(500, "mail"))
    assert stability(reference_of(*before), *elsewhere, of_request=True) is None
    older = quiet[0] + 5.0, quiet[1]
    moved = stability(reference_of(*quiet), *older, of_request=True)
    assert moved is not None
    assert moved.above(0.2)


def test_what_is_said_of_the_request_counts_once_a_decision() -> None:
    names = np.array(["a", "b", "c", "d"])
    people = crowd_of(np.array([1.0, 2.0, 3.0, 1.0]), np.array([0.5, 0.25, np.nan, 0.0]), names, names)
    assert people.weights(of_request=True).tolist() == [1.0, 0.0, 0.0, 1.0]
    assert people.weights(of_request=False).tolist() == [2.0, 4.0, 0.0, 0.0]


def test_where_most_of_a_shift_comes_from_is_told_in_words() -> None:
    ages = np.repeat(np.arange(20.0, 70.0), 20)
    older = np.where(ages > 60.0, 90.0, ages)
    found = shift(ages, older).shift
    assert found is not None
    assert found.what == "above 69, as never before"
    assert found.before == 0.0
    assert found.now == pytest.approx(0.18)
    assert str(found).endswith("as never before: once 0 %, now 18 %")
    unknown = shift(ages, np.where(ages > 60.0, np.nan, ages)).shift
    assert unknown is not None
    assert unknown.what == "missing"
    fewer = shift(ages, ages[(ages < 25.0) | (ages > 30.0)]).shift
    assert fewer is not None
    low, high = map(float, fewer.what.split(" to "))
    assert 20.0 <= low < high <= 35.0
    words = np.repeat([1.0, 2.0], [900, 100])
    other = shift(words, np.where(words == 2.0, 3.0, 1.0), categorical=True).shift
    assert other is not None
    assert other.what in {"one of its values", "values that were rare or never seen"}
    assert shift(words, words[::-1], categorical=True).index == 0.0
