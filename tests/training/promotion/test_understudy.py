"""Who is judged has learned nothing from what it is judged on."""

import msgspec
import numpy as np

from models.artefact import Artefact, encode_artefact
from models.model import load_model
from rules.ids import GoalId, Instant, OfferId, PlacementId
from tests.training.shop import shop
from tests.training.worlds import response_rows
from training.learning.course import train
from training.learning.predictor import predict
from training.material.folds import fold_of
from training.promotion.opponent import Champion, opponent_of
from training.promotion.understudy import THIRDS, understudy_of

GOAL = GoalId("accept")
PERSONS = np.array([f"c:{row % 300}" for row in range(3_000)])
ROWS = msgspec.structs.replace(response_rows(3_000, 1), subject=PERSONS)
COURSE = train(ROWS, GOAL, "response", Instant(0), None, 1)


def champion(until: int | None) -> Artefact:
    window = None if until is None else (Instant(0), Instant(until))
    return msgspec.structs.replace(COURSE.artefact, window=window)


def test_a_champion_that_learned_earlier_meets_a_model_that_did_so_too() -> None:
    begins = int(ROWS.at[COURSE.parts.judge].min())
    for known in (None, champion(None), champion(begins)):
        found = understudy_of(ROWS, COURSE, known, 1)
        assert found.artefacts == (COURSE.judged,)
        assert found.judge.tolist() == COURSE.parts.judge.tolist()
        assert found.since == begins


def test_a_champion_that_learned_later_is_met_on_what_came_since_by_forests_that_do_not_know_the_person() -> None:
    since = int(ROWS.at[2_800])
    found = understudy_of(ROWS, COURSE, champion(since), 1)
    assert (found.since, found.judge.tolist()) == (since, list(range(2_800, 3_000)))
    judged = ROWS.take(found.judge)
    third = np.array([fold_of(person) % THIRDS for person in judged.subject.tolist()])
    each = [predict(artefact, judged) for artefact in found.artefacts]
    assert len(each) == THIRDS
    for own in range(THIRDS):
        other = each[own]
        assert other is not None
        np.testing.assert_array_equal(found.predict(judged)[third == own], other[third == own])
    # What the persons of a third did cannot be seen in its forest.
    mine = np.array([fold_of(person) % THIRDS for person in ROWS.subject.tolist()]) == 0
    turned = msgspec.structs.replace(ROWS, target=np.where(mine, 1.0 - ROWS.target, ROWS.target))
    again = understudy_of(turned, COURSE, champion(since), 1)
    assert again.artefacts[0].forest == found.artefacts[0].forest
    assert again.artefacts[1].forest != found.artefacts[1].forest


def test_where_nothing_came_since_nobody_is_judged() -> None:
    found = understudy_of(ROWS, COURSE, champion(int(ROWS.at.max()) + 1), 1)
    assert (found.artefacts, len(found.judge)) == ((), 0)


def test_rates_are_met_as_they_stood_before_what_is_judged() -> None:
    catalogue = shop()
    home, alba = PlacementId("home"), OfferId("alba-spa")
    rows = msgspec.structs.replace(
        ROWS, offer=np.full(len(ROWS), alba), target=(np.arange(len(ROWS)) >= 1_000).astype(np.float64)
    )
    counted = Artefact(kind="rates", goal=GOAL, objective="response", created=Instant(0))
    model = load_model(encode_artefact(counted))
    in_use = Champion(model, model.version)
    before = opponent_of(in_use, rows, Instant(int(rows.at[1_000])), catalogue).model.artefact
    after = opponent_of(in_use, rows, Instant(int(rows.at[2_000])), catalogue).model.artefact
    assert before.rates.offers[home][alba] < 0.01
    assert after.rates.offers[home][alba] > 0.4
    model = load_model(encode_artefact(COURSE.artefact))
    forest = Champion(model, model.version)
    assert opponent_of(forest, rows, Instant(0), catalogue) is forest
