import numpy as np
import pytest

from loadtest.closed_loop.knowledge import HALF_LIFE, MATCHES, WEIGHTS, WORDS, Knowledge
from loadtest.closed_loop.month import Plan, make_month
from loadtest.hotel.account import visit_context
from loadtest.hotel.arrival import pasts
from loadtest.hotel.destinations import DESTINATION_NAMES
from loadtest.hotel.visits import DAY

MONTH = make_month(6, 1_790_000_000_000, Plan(days=20, visits=30, guests=25, visitors=30, offer_day=5, taste_day=9))
OFFERS = MONTH.world.offers
EVERY = np.arange(len(OFFERS))
GUESTS = [visit for visit, person in enumerate(MONTH.visits.person) if person < MONTH.world.people.guests]


def column(knowledge: Knowledge, visit: int, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = knowledge.matches(visit, EVERY)[:, MATCHES.index(name)]
    return found


@pytest.mark.parametrize("visit", [GUESTS[0], GUESTS[-1]])
def test_an_affinity_is_what_the_past_adds_up_to_as_it_fades(visit: int) -> None:
    knowledge, past = Knowledge(MONTH), dict(pasts(MONTH.world))[int(MONTH.visits.person[visit])]
    for name, at in (("theme", OFFERS.theme), ("destination", OFFERS.destination), ("brand", OFFERS.brand)):
        expected = np.zeros(len(WORDS[name]))
        for event in past:
            if name in event.attributes and event.kind in WEIGHTS[name]:
                age = int(MONTH.visits.at[visit]) - event.at
                weight = WEIGHTS[name][event.kind] * 0.5 ** (age / HALF_LIFE[name])
                expected[WORDS[name].index(event.attributes[name])] += weight
        wanted = np.where(at >= 0, np.log1p(expected[at]), 0.0)
        assert column(knowledge, visit, f"affinity_{name}") == pytest.approx(wanted)


def test_what_is_searched_matches_the_offers_there_alone() -> None:
    visit = next(visit for visit in GUESTS if MONTH.visits.searched[visit])
    wanted = visit_context(MONTH.world.people, MONTH.visits, visit)["destination"]
    assert wanted in DESTINATION_NAMES
    found = column(Knowledge(MONTH), visit, "searched_destination")
    assert np.array_equal(found == 1.0, OFFERS.destination == DESTINATION_NAMES.index(str(wanted)))


def test_browsing_before_the_decision_and_taking_an_offer_raise_affinities() -> None:
    knowledge, visit = Knowledge(MONTH), GUESTS[0]
    before = column(knowledge, visit, "affinity_theme").sum()
    knowledge.meet(visit)
    browsed = column(knowledge, visit, "affinity_theme")
    assert browsed.sum() > before
    knowledge.answered(visit, 3, False)
    assert np.array_equal(column(knowledge, visit, "affinity_theme"), browsed)
    knowledge.answered(visit, 3, True)
    raised = column(knowledge, visit, "affinity_theme") > browsed
    assert np.array_equal(raised, OFFERS.theme == OFFERS.theme[3])


def test_a_theme_counts_as_shown_for_two_weeks() -> None:
    knowledge = Knowledge(MONTH)
    person = np.bincount(MONTH.visits.person[GUESTS]).argmax()
    own = [visit for visit in GUESTS if MONTH.visits.person[visit] == person]
    knowledge.answered(own[0], 3, False)
    for visit in own[1:]:
        lately = MONTH.visits.at[visit] - MONTH.visits.at[own[0]] < 14 * DAY
        wanted = np.where(OFFERS.theme == OFFERS.theme[3], 1.0 if lately else 0.0, 0.0)
        assert np.array_equal(column(knowledge, visit, "theme_shown"), wanted)
    assert MONTH.visits.at[own[-1]] - MONTH.visits.at[own[0]] > 14 * DAY
