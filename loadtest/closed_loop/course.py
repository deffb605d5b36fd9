"""What came of one policy's month, beside the optimum's."""

from itertools import pairwise
from pathlib import Path as File

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.closed_loop.arm import Night
from loadtest.closed_loop.month import Month
from loadtest.closed_loop.path import Path

OFFER_WINDOW = 200
OFFER_SHARE = 0.5
"""The new offer is noticed once it was shown half as often as the optimum showed it, over so many latest visits."""

TASTE_SHARE = 0.9
TASTE_DAYS = 3
"""A change of taste is made up for once a day's visits bring nine tenths of the part of the optimum that they brought
in the three days before."""


class Course(msgspec.Struct, frozen=True):
    """One policy in one month.

    By day: `value` is the expected margin in euro of all its visits, `best` what the optimum had, `newcomer` how often
    the new offer was shown. `offer_noticed` and `taste_noticed` count the visits it took, None for never.
    """

    seed: int
    policy: str
    visits: int
    value: tuple[float, ...]
    best: tuple[float, ...]
    newcomer: tuple[int, ...]
    offer_noticed: int | None
    taste_noticed: int | None
    accepted: int
    seconds: float
    nights: tuple[Night, ...] = ()


def course_of(policy: str, path: Path, optimum: Path, seconds: float, nights: tuple[Night, ...] = ()) -> Course:
    """The figures of a path beside the optimum's."""
    month = path.month
    return Course(
        seed=month.world.seed,
        policy=policy,
        visits=len(path.shown),
        value=_daily(month, path.value),
        best=_daily(month, optimum.value),
        newcomer=tuple(int(number) for number in _daily(month, _newcomer(path))),
        offer_noticed=offer_noticed(_newcomer(path), _newcomer(optimum), month.first(month.plan.offer_day)),
        taste_noticed=taste_noticed(path.value, optimum.value, month.first(month.plan.taste_day), month.plan.visits),
        accepted=int(path.accepted.sum()),
        seconds=seconds,
        nights=nights,
    )


def offer_noticed(shown: NDArray[np.float64], best: NDArray[np.float64], first: int) -> int | None:
    """How many visits from `first` on until the new offer's share is half of the optimum's; both by visit, 0 or 1."""
    ours, theirs = _rolling(shown[first:], OFFER_WINDOW), _rolling(best[first:], OFFER_WINDOW)
    return _reached(ours >= OFFER_SHARE * theirs, OFFER_WINDOW)


def taste_noticed(value: NDArray[np.float64], best: NDArray[np.float64], first: int, day: int) -> int | None:
    """How many visits from `first` on until a day's worth of them is nearly as good as before, beside the optimum."""
    before = slice(max(first - TASTE_DAYS * day, 0), first)
    usual = value[before].sum() / best[before].sum()
    share = _rolling(value[first:], day) / _rolling(best[first:], day)
    return _reached(share >= TASTE_SHARE * usual, day)


def add_course(file: File, course: Course) -> None:
    """Add a line to a file of courses."""
    with file.open("ab") as lines:
        lines.write(msgspec.json.encode(course) + b"\n")


def read_courses(file: File) -> list[Course]:
    """The courses in a file, the first of each seed and policy; none when there is no file."""
    lines = file.read_bytes().splitlines() if file.exists() else []
    courses = [msgspec.json.decode(line, type=Course) for line in reversed(lines)]
    return list({(course.policy, course.seed): course for course in courses}.values())[::-1]


def _newcomer(path: Path) -> NDArray[np.float64]:
    return np.where(path.shown == len(path.month.world.offers) - 1, 1.0, 0.0)


def _daily(month: Month, values: NDArray[np.float64]) -> tuple[float, ...]:
    edges = [month.first(day) for day in range(month.plan.days + 1)]
    return tuple(float(values[since:until].sum()) for since, until in pairwise(edges))


def _rolling(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Sums over the latest `window` values, from where there are so many."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    rolled: NDArray[np.float64] = sums[window:] - sums[:-window]
    return rolled


def _reached(holds: NDArray[np.bool_], window: int) -> int | None:
    return int(np.argmax(holds)) + window if holds.any() else None
