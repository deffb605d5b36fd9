import numpy as np
import pytest

from loadtest.hotel.baselines import best_constant
from loadtest.hotel.offers import read_offers
from loadtest.hotel.population import make_population
from loadtest.hotel.response import FATIGUE, LOOKED_AT, Truth
from loadtest.hotel.themes import THEME_IDS
from loadtest.hotel.visits import EMAIL, WEB, Visits, make_visits

OFFERS = read_offers()
PEOPLE = make_population(300, 300, np.random.default_rng(1))
VISITS = make_visits(PEOPLE, 300, 100, 100, 28, 6, np.random.default_rng(2))
TRUTH = Truth(OFFERS, PEOPLE, 11)
EVERY = np.arange(len(OFFERS))


def appealing(visit: int, size: int) -> list[int]:
    """The offers this visit likes best, so that answers are not all no."""
    return [int(row) for row in np.argsort(-TRUTH.log_odds(VISITS, visit, EVERY))[:size]]


def test_a_slate_converts_by_multinomial_logit_with_looks_that_fade_by_rank() -> None:
    slate = appealing(4, 3)
    channel = int(VISITS.channel[4])
    weights = np.exp(TRUTH.log_odds(VISITS, 4, np.array(slate))) * np.array(LOOKED_AT[channel][:3])
    chance, value = TRUTH.expected(VISITS, 4, slate)
    assert chance == pytest.approx(weights.sum() / (1 + weights.sum()))
    assert value == pytest.approx((weights * OFFERS.margin[slate]).sum() / (1 + weights.sum()))


def test_answers_happen_as_often_as_stated() -> None:
    slate = appealing(4, 3)
    weights = TRUTH.weights(VISITS, 4, slate)
    stated = np.append(weights, 1.0) / (1.0 + weights.sum())
    times = 3000
    # The same visit again and again: only its number, and so its mood, differs.
    again = Visits(*(np.repeat(getattr(VISITS, column)[4], times) for column in Visits.__struct_fields__))
    counts = np.zeros(4)
    for visit in range(times):
        chosen = TRUTH.choose(again, visit, slate)
        counts[3 if chosen is None else chosen] += 1
    # 16.3 is the 99.9th percentile of chi-square with 3 degrees of freedom.
    assert ((counts - times * stated) ** 2 / (times * stated)).sum() < 16.3


def test_the_same_visit_answers_the_same_offer_alike_whatever_else_is_shown() -> None:
    turned = kept = 0
    for visit in range(len(VISITS)):
        best, *others = appealing(visit, 3)
        alone = TRUTH.choose(VISITS, visit, [best])
        among = TRUTH.choose(VISITS, visit, [best, *others][: 1 if VISITS.channel[visit] == EMAIL else 3])
        if among == 0:
            kept += 1
            assert alone == 0
        turned += alone == 0
    assert kept > 20
    assert turned >= kept


def test_fatigue_lowers_the_odds_of_its_theme_alone() -> None:
    tired = np.zeros(len(THEME_IDS))
    tired[2] = 3.0
    change = TRUTH.log_odds(VISITS, 0, EVERY, tired) - TRUTH.log_odds(VISITS, 0, EVERY)
    assert change[OFFERS.theme == 2] == pytest.approx(3.0 * FATIGUE)
    assert change[OFFERS.theme != 2] == pytest.approx(0.0)


def test_an_empty_slate_earns_nothing() -> None:
    assert TRUTH.expected(VISITS, 0, []) == (0.0, 0.0)
    assert TRUTH.choose(VISITS, 0, []) is None


def test_members_may_not_enrol_again_and_others_get_no_members_rates() -> None:
    for visit in range(50):
        allowed = TRUTH.eligible(VISITS, visit)
        assert not allowed[~OFFERS.live].any()
        if PEOPLE.member[VISITS.person[visit]]:
            assert not allowed[OFFERS.theme == THEME_IDS.index("club")].any()
        else:
            assert not allowed[OFFERS.members_only].any()


def test_the_best_constant_of_one_offer_is_the_best_of_all_by_brute_force() -> None:
    visits = np.flatnonzero(VISITS.channel == EMAIL)[:40]
    slate, standing = best_constant(TRUTH, VISITS, visits, 1)

    def earns(row: int) -> float:
        return float(
            np.mean([
                TRUTH.expected(VISITS, visit, [row])[1] if TRUTH.eligible(VISITS, visit)[row] else 0.0
                for visit in visits
            ])
        )  # fmt: skip

    rivals = np.random.default_rng(0).choice(len(OFFERS), size=150, replace=False)
    assert earns(slate[0]) == pytest.approx(standing.value)
    assert standing.value >= max(earns(int(row)) for row in rivals)


def test_a_longer_constant_slate_earns_more_and_names_no_offer_twice() -> None:
    visits = np.flatnonzero(VISITS.channel == WEB)[:60]
    one, two, three = (best_constant(TRUTH, VISITS, visits, slots) for slots in (1, 2, 3))
    assert one[1].value < two[1].value < three[1].value
    assert len(set(three[0])) == 3
