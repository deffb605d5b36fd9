import numpy as np

from loadtest.closed_loop.month import Plan, make_month
from loadtest.closed_loop.path import Path
from loadtest.closed_loop.references import Chance, Constant, Optimum, walk

MONTH = make_month(5, 1_790_000_000_000, Plan(days=5, visits=80, guests=40, visitors=60, offer_day=2, taste_day=3))
EVERY = np.arange(len(MONTH.world.offers))


def walked(policy: Chance | Constant | None = None) -> Path:
    path = Path(MONTH)
    walk(policy or Optimum(path), path)
    return path


def test_every_visit_is_shown_one_allowed_offer() -> None:
    for path in (walked(), walked(Chance(1)), walked(Constant(MONTH))):
        assert all(MONTH.allowed(visit)[row] for visit, row in enumerate(path.shown))
        assert (path.value > 0).all()


def test_the_optimum_earns_most_and_chance_least() -> None:
    best, constant, chance = (path.value.sum() for path in (walked(), walked(Constant(MONTH)), walked(Chance(1))))
    assert best > 1.5 * constant > 1.5 * chance


def test_no_offer_shown_to_all_who_may_have_it_does_better_than_the_constant() -> None:
    chosen = walked(Constant(MONTH)).shown[0]
    fresh = Path(MONTH)
    worth = np.array([np.where(MONTH.allowed(v), fresh.worth(v, EVERY), 0.0) for v in range(len(MONTH.visits))])
    assert worth.mean(axis=0).argmax() == chosen or not MONTH.allowed(0)[worth.mean(axis=0).argmax()]


def test_people_tire_of_a_theme_on_the_path_that_shows_it_and_on_no_other() -> None:
    shown, other = Path(MONTH), Path(MONTH)
    person = MONTH.visits.person[0]
    again = next(v for v in range(1, len(MONTH.visits)) if MONTH.visits.person[v] == person)
    shown.show(0, 7)
    alike = np.flatnonzero(MONTH.world.offers.theme == MONTH.world.offers.theme[7])
    others = np.flatnonzero(MONTH.world.offers.theme != MONTH.world.offers.theme[7])
    assert (shown.worth(again, alike) < other.worth(again, alike)).all()
    assert np.array_equal(shown.worth(again, others), other.worth(again, others))


def test_what_is_expected_is_what_happens_on_average() -> None:
    path = walked()
    assert abs(path.accepted.mean() - 0.31) < 0.1
    margins = MONTH.world.offers.margin[path.shown] * path.accepted
    assert abs(margins.mean() - path.value.mean()) < 4.0 * margins.std() / np.sqrt(len(margins))
