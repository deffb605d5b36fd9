import numpy as np

from loadtest.hotel.population import make_population
from loadtest.hotel.visits import CALL, DAY, EMAIL, WEB, make_visits

PEOPLE = make_population(400, 400, np.random.default_rng(5))
VISITS = make_visits(PEOPLE, 500, 300, 250, 28, 6, np.random.default_rng(6))


def test_every_channel_gets_its_visits_in_order_of_time() -> None:
    assert np.bincount(VISITS.channel).tolist() == [500, 300, 250]
    assert (np.diff(VISITS.at) >= 0).all()
    assert VISITS.at.min() >= 0
    assert VISITS.at.max() < 28 * DAY


def test_mail_goes_once_to_those_who_agreed_and_wants_nothing() -> None:
    mailed = VISITS.person[VISITS.channel == EMAIL]
    assert len(set(mailed)) == len(mailed)
    assert PEOPLE.mail_consent[mailed].all()
    assert (VISITS.theme[VISITS.channel == EMAIL] == -1).all()
    assert not VISITS.searched[VISITS.channel == EMAIL].any()


def test_callers_and_those_who_sign_in_are_guests_and_half_the_web_is_not() -> None:
    assert (VISITS.person[VISITS.channel == CALL] < PEOPLE.guests).all()
    assert (VISITS.person[VISITS.login] < PEOPLE.guests).all()
    assert (VISITS.channel[VISITS.login] == WEB).all()
    assert (VISITS.person[VISITS.channel == WEB] < PEOPLE.guests).mean() == 0.5


def test_a_third_is_left_to_random_choice() -> None:
    assert 0.27 < VISITS.random.mean() < 0.40


def test_people_want_what_they_like() -> None:
    browsing = VISITS.channel != EMAIL
    wanted = PEOPLE.theme[VISITS.person[browsing], VISITS.theme[browsing]]
    assert wanted.mean() > PEOPLE.theme[VISITS.person[browsing]].mean() + 0.7
