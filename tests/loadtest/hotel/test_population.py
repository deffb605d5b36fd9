import numpy as np
import pytest
from numpy.typing import NDArray

from loadtest.hotel.figures import COUNTRIES, PARTIES, RATE_LOG_MEAN
from loadtest.hotel.population import LIKED_PLACES, make_population

PEOPLE = make_population(6000, 6000, np.random.default_rng(3))


@pytest.mark.parametrize(("table", "column"), [(COUNTRIES, PEOPLE.country), (PARTIES, PEOPLE.party)])
def test_shares_follow_the_published_figures(table: tuple[tuple[str, float], ...], column: NDArray[np.intp]) -> None:
    published = np.array([share for _, share in table])
    drawn = np.bincount(column, minlength=len(table)) / len(column)
    assert np.abs(drawn - published / published.sum()).max() < 0.015


def test_budgets_lie_where_the_published_rates_do() -> None:
    assert np.median(np.log(PEOPLE.budget)) == pytest.approx(RATE_LOG_MEAN, abs=0.1)
    party = np.array([np.median(PEOPLE.budget[PEOPLE.party == index]) for index in range(len(PARTIES))])
    solo, couple, family = party[1], party[0], party[2]
    assert solo < couple < family


def test_only_guests_are_members_have_stays_or_agreed_to_mail() -> None:
    visitors = slice(PEOPLE.guests, None)
    assert not PEOPLE.member[visitors].any()
    assert not PEOPLE.mail_consent[visitors].any()
    assert not PEOPLE.stays[visitors].any()
    assert PEOPLE.stays[: PEOPLE.guests].mean() == pytest.approx(3.585, rel=0.05)


def test_everyone_likes_a_handful_of_places_and_no_two_the_same_things() -> None:
    liked = PEOPLE.destination > PEOPLE.destination.mean(axis=1, keepdims=True) + 1.2
    assert liked.sum(axis=1).mean() == pytest.approx(LIKED_PLACES, abs=0.5)
    assert len(np.unique(PEOPLE.theme[:, 0])) == len(PEOPLE)


def test_the_same_generator_gives_the_same_people() -> None:
    again = make_population(6000, 6000, np.random.default_rng(3))
    assert (again.theme == PEOPLE.theme).all()
    assert (again.budget == PEOPLE.budget).all()


def test_ids_tell_guests_from_visitors() -> None:
    assert PEOPLE.id(5) == "guest-00005"
    assert PEOPLE.id(6000) == "visitor-06000"
