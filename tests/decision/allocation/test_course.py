import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from decision.allocation import UNLIMITED, Left, Rows, Volumes, prices_for, run_course, run_greedily
from tests.decision.allocation.instances import audience, optimum, rows_of


@st.composite
def small_audiences(draw: st.DrawFn) -> tuple[Rows, Volumes, Left, int]:
    """A few customers, values of few levels so that many are indifferent, and any limits at all."""
    customers, candidates, places = draw(st.integers(1, 25)), draw(st.integers(1, 6)), draw(st.integers(1, 5))
    levels = st.sampled_from([0.0, 0.1, 1.0, 1.0, 2.5, 1000.0])
    values = draw(
        st.lists(st.lists(levels, min_size=candidates, max_size=candidates), min_size=customers, max_size=customers)
    )
    chosen = st.lists(st.integers(0, places - 1), unique=True)
    by_candidate = draw(st.lists(chosen, min_size=candidates, max_size=candidates))
    room = st.one_of(st.integers(0, 12), st.just(UNLIMITED))
    rooms = draw(st.lists(room, min_size=places, max_size=places))
    minimums = draw(st.lists(st.sampled_from([0, 0, 0, 1, 4, 40]), min_size=places, max_size=places))
    left = Left(np.array(rooms, np.int64), np.array(minimums, np.int64), customers)
    return rows_of(np.array(values)), Volumes.of(by_candidate, places), left, draw(st.integers(1, 3))


def used_by_hand(volumes: Volumes, choices: NDArray[np.int32]) -> list[int]:
    used = [0] * volumes.number
    for candidate in choices.ravel().tolist():
        if candidate >= 0:
            for place in volumes.places[volumes.starts[candidate] : volumes.starts[candidate + 1]].tolist():
                used[place] += 1
    return used


@settings(max_examples=150, deadline=None)
@given(small_audiences(), st.integers(1, 9), st.integers(1, 5), st.randoms(use_true_random=False))
def test_no_limit_is_ever_exceeded(
    given: tuple[Rows, Volumes, Left, int], chunk: int, at_once: int, random: object
) -> None:
    rows, volumes, left, slots = given
    picked = np.array([row for row in range(len(rows)) if random.random() < 0.5], np.int64)  # type: ignore[attr-defined]
    for sample in (None, picked):
        course = run_course(rows, volumes, left, slots, chunk, at_once, sample)
        used = used_by_hand(volumes, course.choices)
        assert all(units <= room for units, room in zip(used, left.rooms.tolist(), strict=True))
        assert course.left.rooms.tolist() == [
            room - units if room < UNLIMITED else UNLIMITED
            for units, room in zip(used, left.rooms.tolist(), strict=True)
        ]
        assert course.left.customers == 0
        assert course.value == pytest.approx(rows.worth(course.choices))
        for row, choices in enumerate(course.choices.tolist()):
            taken = [candidate for candidate in choices if candidate >= 0]
            open = rows.candidates[rows.starts[row] : rows.starts[row + 1]].tolist()
            assert len(set(taken)) == len(taken)
            assert set(taken) <= set(open)


@settings(max_examples=100, deadline=None)
@given(small_audiences())
def test_no_choices_are_worth_more_than_the_bound(given: tuple[Rows, Volumes, Left, int]) -> None:
    rows, volumes, left, slots = given
    assume(len(rows.values) > 0)
    best = optimum(rows, volumes, left, slots)
    if best is not None:
        assert prices_for(rows, volumes, left, slots).bound >= best * (1.0 - 1e-9)


def test_a_customer_refused_by_a_quota_takes_the_next_best() -> None:
    rows, nobody = rows_of(np.array([[5.0, 4.0]] * 3)), np.empty(0, np.int64)
    left = Left(np.array([1]), np.array([0]), 3)
    course = run_course(rows, Volumes.of([[0], []], 1), left, 1, chunk=3, sample=nobody)
    assert course.choices.ravel().tolist() == [0, 1, 1]


def test_the_last_units_go_where_they_are_worth_most() -> None:
    values = np.array([[3.0, 2.9], [9.0, 1.0], [4.0, 3.9], [8.0, 1.0]])
    volumes, left = Volumes.of([[0], []], 1), Left(np.array([2]), np.array([0]), 4)
    assert run_course(rows_of(values), volumes, left, 1, chunk=1).choices.ravel().tolist() == [1, 0, 1, 0]
    assert run_greedily(rows_of(values), volumes, left, 1).choices.ravel().tolist() == [0, 0, 1, 1]


def test_a_sample_serves_the_whole_audience() -> None:
    rows, volumes, left, slots = audience(4, customers=6_000)
    known = run_course(rows, volumes, left, slots, chunk=250)
    guessed = run_course(rows, volumes, left, slots, chunk=250, sample=np.arange(0, 6_000, 6))
    blind = run_greedily(rows, volumes, left, slots)
    assert (guessed.left.rooms >= 0).all()
    assert not guessed.left.minimums.any()
    assert guessed.value >= 0.95 * known.value
    assert guessed.value > blind.value


@pytest.mark.parametrize("chunk", [100, 300])
def test_customers_who_are_all_alike_are_not_all_turned_away(chunk: int) -> None:
    """Without a model every offer is worth the same to everybody, and prices alone cannot tell who takes what."""
    values = np.array([4.8, 4.75, 4.5, 4.5, 0.72, 3.6])
    beds, mails, club = 120, 400, 60
    volumes = Volumes.of([[0, 3], [1, 3], [3], [2, 3], [3, 4], [3]], 5)
    left = Left(np.array([beds, beds, beds, mails, UNLIMITED]), np.array([0, 0, 0, 0, club]), 1_000)
    empty = np.empty(0, np.int32), np.empty(0)
    rows = Rows.of([(np.arange(6, dtype=np.int32), values) if row % 2 else empty for row in range(1_000)])
    best = beds * (4.8 + 4.75) + (mails - 2 * beds - club) * 4.5 + club * 0.72
    course = run_course(rows, volumes, left, 1, chunk)
    assert course.value == pytest.approx(best, rel=2e-3)
    assert course.left.minimums.tolist() == [0] * 5
