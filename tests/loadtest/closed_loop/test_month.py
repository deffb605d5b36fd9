import csv
import io

import numpy as np

from loadtest.closed_loop.month import APPEAL, NEWCOMER, Plan, make_month, offers_text
from loadtest.hotel.visits import DAY

NOW = 1_790_000_000_000
PLAN = Plan(days=10, visits=40, guests=60, visitors=120, offer_day=4, taste_day=6)
MONTH = make_month(3, NOW, PLAN)
EVERY = np.arange(len(MONTH.world.offers))


def test_a_seed_draws_the_same_month_again_and_another_one_another() -> None:
    again, other = make_month(3, NOW, PLAN), make_month(4, NOW, PLAN)
    assert np.array_equal(again.visits.person, MONTH.visits.person)
    assert np.array_equal(
        again.truth(0).log_odds(again.visits, 0, EVERY), MONTH.truth(0).log_odds(MONTH.visits, 0, EVERY)
    )
    assert not np.array_equal(other.visits.person, MONTH.visits.person)


def test_every_day_has_its_visits_in_order_and_all_lie_in_the_past() -> None:
    assert len(MONTH.visits) == PLAN.days * PLAN.visits
    assert (np.diff(MONTH.visits.at) >= 0).all()
    assert MONTH.world.start + PLAN.days * DAY < NOW
    edges = [MONTH.first(day) for day in range(PLAN.days + 1)]
    assert edges[0] == 0
    assert edges[-1] == len(MONTH.visits)
    assert all(MONTH.day(edge) == day for day, edge in enumerate(edges[:-1]))


def test_the_new_offer_comes_on_its_day_and_stays() -> None:
    first = MONTH.first(PLAN.offer_day)
    assert not any(MONTH.allowed(visit)[-1] for visit in range(first))
    assert all(MONTH.allowed(visit)[-1] for visit in range(first, len(MONTH.visits)))


def test_the_world_and_the_catalogue_have_the_same_offers() -> None:
    before, after = (
        [row["id"] for row in csv.DictReader(io.StringIO(offers_text(with_new=new)))] for new in (False, True)
    )
    assert tuple(after) == MONTH.world.offers.ids
    assert after == [*before, NEWCOMER]


def test_tastes_change_once_and_in_themes_alone() -> None:
    first = MONTH.first(PLAN.taste_day)
    assert MONTH.truth(first - 1) is MONTH.world.truth
    assert MONTH.truth(first) is not MONTH.world.truth
    before, after = MONTH.people(first - 1), MONTH.people(first)
    assert np.array_equal(before.theme[:, 1], after.theme[:, 0])
    assert np.array_equal(before.brand, after.brand)


def test_everybody_likes_the_new_offer_more_than_its_attributes_tell() -> None:
    odds = np.mean([MONTH.truth(visit).log_odds(MONTH.visits, visit, EVERY) for visit in range(60)], axis=0)
    alike = np.flatnonzero(MONTH.world.offers.theme == MONTH.world.offers.theme[-1])[:-1]
    assert odds[-1] > odds[alike].mean() + 0.5 * APPEAL
