from io import StringIO

import msgspec
from rich.console import Console

from loadtest.closed_loop.arm import Night
from loadtest.closed_loop.course import Course
from loadtest.closed_loop.report import print_courses

NIGHTS = (Night(0, "too little", 9.0), Night(1, "refused", 2.0, ("gain",)), Night(2, "promoted", 4.0))
COURSE = Course(
    seed=1, policy="concierge", visits=1000, value=(4000.0,) * 5, best=(10000.0,) * 5, newcomer=(0, 0, 3, 9, 9),
    offer_noticed=300, taste_noticed=None, accepted=90, seconds=60.0, nights=NIGHTS,
)  # fmt: skip


def test_regret_is_told_with_its_spread_over_seeds_and_what_was_noticed_with_how_often() -> None:
    other = msgspec.structs.replace(COURSE, seed=2, value=(6000.0,) * 5, offer_noticed=500, taste_noticed=700)
    said = StringIO()
    print_courses(Console(file=said, width=200), [COURSE, other])
    text = said.getvalue()
    # Regret by the end: 30 and 20 thousand euro, 25 on average, with a deviation of 10 / √2; by day 1 a fifth of it.
    for told in ("25.00", "50.0%", "25.0 ± 7.1", "5.0 ± 1.4", "400 (300 to 500), 2 of 2", "700 (700 to 700), 1 of 2"):
        assert told in text
    assert "2, 2, 2" in text
    assert "3.0" in text


def test_who_never_noticed_and_never_trained_is_told_so() -> None:
    said = StringIO()
    course = msgspec.structs.replace(COURSE, policy="random", offer_noticed=None, nights=())
    print_courses(Console(file=said, width=200), [course])
    assert "never, 0 of 1" in said.getvalue()
    assert "–" in said.getvalue()
