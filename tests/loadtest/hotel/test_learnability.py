"""The world rewards knowing people: what they show of themselves suffices to beat any constant."""

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from loadtest.hotel.baselines import best_constant
from loadtest.hotel.behaviour import browsing
from loadtest.hotel.brands import BRAND_NAMES
from loadtest.hotel.destinations import DESTINATION_NAMES
from loadtest.hotel.offers import read_offers
from loadtest.hotel.population import make_population
from loadtest.hotel.response import Truth
from loadtest.hotel.round import SLOTS
from loadtest.hotel.themes import THEME_IDS
from loadtest.hotel.visits import WEB, make_visits

OFFERS = read_offers()
PEOPLE = make_population(2000, 6000, np.random.default_rng(21))
VISITS = make_visits(PEOPLE, 6000, 300, 300, 28, 4, np.random.default_rng(22))
TRUTH = Truth(OFFERS, PEOPLE, 23)
WEB_VISITS = np.flatnonzero(VISITS.channel == WEB)
JUDGED = WEB_VISITS[-200:]


def seen(visit: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """What a website sees of a visit: how often each offer's theme, place and brand were looked at, and its price."""
    counts = np.zeros((3, 101))
    names = (("theme", THEME_IDS), ("destination", DESTINATION_NAMES), ("brand", BRAND_NAMES))
    for event in browsing(PEOPLE, VISITS, visit, np.random.default_rng([24, visit])):
        for row, (name, words) in enumerate(names):
            if name in event.attributes:
                counts[row, words.index(event.attributes[name])] += 1
    columns = [counts[0, OFFERS.theme[rows]], counts[1, OFFERS.destination[rows]], counts[2, OFFERS.brand[rows]]]
    return np.stack([*columns, OFFERS.price[rows], OFFERS.rate[rows], OFFERS.theme[rows].astype(float)], axis=1)


def test_a_plain_model_of_randomly_shown_offers_beats_the_best_constant() -> None:
    random = np.random.default_rng(25)
    inputs, answers = [], []
    for visit in WEB_VISITS[:-200]:
        slate = random.choice(np.flatnonzero(TRUTH.eligible(VISITS, visit)), size=3, replace=False)
        chosen = TRUTH.choose(VISITS, visit, slate)
        inputs.append(seen(visit, slate))
        answers += [chosen == rank for rank in range(3)]
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "num_leaves": 15}
    model = lgb.train(parameters, lgb.Dataset(np.concatenate(inputs), np.array(answers, float)), 40)
    values = []
    for visit in JUDGED:
        rows = np.flatnonzero(TRUTH.eligible(VISITS, visit))
        score = np.asarray(model.predict(seen(visit, rows), num_threads=1), np.float64) * OFFERS.margin[rows]
        values.append(TRUTH.expected(VISITS, visit, rows[np.argsort(-score)[:3]])[1])
    _, constant = best_constant(TRUTH, VISITS, JUDGED, 3)
    assert np.mean(values) > 1.1 * constant.value


@pytest.mark.parametrize("channel", range(3))
def test_who_knew_everything_would_earn_a_multiple_of_the_best_constant(channel: int) -> None:
    visits = np.flatnonzero(VISITS.channel == channel)[:150]
    best = []
    for visit in visits:
        rows = np.flatnonzero(TRUTH.eligible(VISITS, visit))
        worth = np.exp(TRUTH.log_odds(VISITS, visit, rows)) * OFFERS.margin[rows]
        best.append(TRUTH.expected(VISITS, visit, rows[np.argsort(-worth)[: SLOTS[channel]]])[1])
    _, constant = best_constant(TRUTH, VISITS, visits, SLOTS[channel])
    assert np.mean(best) > 2 * constant.value
