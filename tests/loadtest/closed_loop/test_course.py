from pathlib import Path as File

import msgspec
import numpy as np

from loadtest.closed_loop.arm import Night
from loadtest.closed_loop.course import (
    OFFER_WINDOW,
    Course,
    add_course,
    course_of,
    offer_noticed,
    read_courses,
    taste_noticed,
)
from loadtest.closed_loop.month import Plan, make_month
from loadtest.closed_loop.path import Path
from loadtest.closed_loop.references import Chance, Optimum, walk


def test_the_new_offer_is_noticed_where_its_share_of_the_latest_visits_is_half_of_the_optimum_s() -> None:
    best = np.zeros(1000)
    best[100::4] = 1.0  # a quarter of the visits from 100 on
    shown = np.zeros(1000)
    shown[500::4] = 1.0
    # Half of the window's share is reached once half of the window lies behind visit 500.
    assert offer_noticed(shown, best, 100) == 400 + OFFER_WINDOW // 2 - 3
    assert offer_noticed(np.zeros(1000), best, 100) is None


def test_a_change_of_taste_is_made_up_for_when_a_day_brings_nearly_what_it_did_before() -> None:
    best = np.full(1000, 10.0)
    value = np.full(1000, 8.0)
    value[500:700] = 1.0
    # 8 - 0.07 k is at least 7.2 while k, the visits among the latest 100 that still had 1, are 11 at most.
    assert taste_noticed(value, best, 500, 100) == 200 + 100 - 11
    assert taste_noticed(np.where(np.arange(1000) < 500, 8.0, 4.0), best, 500, 100) is None
    assert taste_noticed(np.full(1000, 8.0), best, 500, 100) == 100


def test_a_course_adds_up_to_its_path_and_comes_back_from_its_file(tmp_path: File) -> None:
    plan = Plan(days=4, visits=60, guests=30, visitors=40, offer_day=1, taste_day=2)
    month = make_month(1, 1_790_000_000_000, plan)
    best, path = Path(month), Path(month)
    walk(Optimum(best), best)
    walk(Chance(1), path)
    nights = (Night(0, "too little", 1.5), Night(1, "refused", 2.0, ("gain",)))
    course = course_of("random", path, best, 3.0, nights)
    assert np.isclose(sum(course.value), path.value.sum())
    assert np.isclose(sum(course.best), best.value.sum())
    assert len(course.value) == len(course.newcomer) == plan.days
    assert course.newcomer[0] == 0
    assert course.accepted == path.accepted.sum()
    file = tmp_path / "loop.jsonl"
    assert read_courses(file) == []
    other = msgspec.structs.replace(course, seed=2)
    for each in (course, other, msgspec.structs.replace(course, seconds=9.0)):
        add_course(file, each)
    assert sorted(read_courses(file), key=lambda each: each.seed) == [course, other]
    assert isinstance(read_courses(file)[0], Course)
