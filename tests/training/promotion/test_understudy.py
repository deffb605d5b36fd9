"""Who is judged has learned nothing from what it is judged on."""

import msgspec
import numpy as np

from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from rules.ids import GoalId, Instant, ModelVersion, OfferId, PlacementId
from tests.training.shop import shop
from tests.training.worlds import response_rows
from training.learning.course import train
from training.learning.predictor import predict
from training.material.folds import FOLDS, fold_of
from training.promotion.opponent import Champion, recounted
from training.promotion.understudy import CHAMPION, MODEL, cast, opponents_of, understudy_of

GOAL = GoalId("accept")
PERSONS = np.array([f"c:{row % 300}" for row in range(3_000)])
ROWS = msgspec.structs.replace(response_rows(3_000, 1), subject=PERSONS)
HOME, ALBA = PlacementId("home"), OfferId("alba-spa")
COURSE = train(ROWS, GOAL, "response", Instant(0), None, 1)
LAST = COURSE.parts.judge.tolist()


def champion(until: int | None) -> Artefact:
    window = None if until is None else (Instant(0), Instant(until))
    return msgspec.structs.replace(COURSE.artefact, window=window)


def rates() -> Champion:
    model = load_model(encode_artefact(Artefact(kind="rates", goal=GOAL, objective="response", created=Instant(0))))
    return Champion(model, model.version)


def test_beside_the_prior_and_rates_all_rows_are_judged_and_predictions_later_than_they_were_learned() -> None:
    for known in (None, rates().artefact):
        found = understudy_of(ROWS, COURSE, known, 1)
        assert found.judge.tolist() == list(range(len(ROWS)))
        assert found.late.tolist() == LAST
        late = ROWS.take(found.late)
        np.testing.assert_array_equal(found.predict_late(late), predict(COURSE.judged, late))


def test_what_the_champion_learned_from_is_not_judged() -> None:
    since = int(ROWS.at[1_000])
    found = understudy_of(ROWS, COURSE, champion(since), 1)
    assert (found.since, found.judge.tolist(), found.late.tolist()) == (since, list(range(1_000, 3_000)), LAST)
    # Of a model that does not say what it learned from, the latest rows are the likeliest to be new to it.
    assert understudy_of(ROWS, COURSE, champion(None), 1).judge.tolist() == LAST


def test_those_who_stand_for_a_challenger_do_not_know_the_person() -> None:
    since = int(ROWS.at[2_800])
    found = understudy_of(ROWS, COURSE, champion(since), 1)
    assert found.judge.tolist() == found.late.tolist() == list(range(2_800, 3_000))
    late = ROWS.take(found.late)
    fold = np.array([fold_of(person) for person in late.subject.tolist()])
    each = [predict(artefact, late) for artefact in found.artefacts]
    assert len(each) == FOLDS
    for own in range(FOLDS):
        other = each[own]
        assert other is not None
        np.testing.assert_array_equal(found.predict(late)[fold == own], other[fold == own])
    np.testing.assert_array_equal(found.predict_late(late), found.predict(late))
    # What the persons of a fold did cannot be seen in its forest.
    mine = np.array([fold_of(person) for person in ROWS.subject.tolist()]) == 0
    turned = msgspec.structs.replace(ROWS, target=np.where(mine, 1.0 - ROWS.target, ROWS.target))
    again = understudy_of(turned, COURSE, champion(since), 1)
    assert again.artefacts[0].forest == found.artefacts[0].forest
    assert again.artefacts[1].forest != found.artefacts[1].forest
    assert found.models().keys() == {cast(person)[MODEL] for person in PERSONS.tolist()}


def test_where_nothing_came_since_nobody_is_judged() -> None:
    found = understudy_of(ROWS, COURSE, champion(int(ROWS.at.max()) + 1), 1)
    assert (found.artefacts, len(found.judge), len(found.late)) == ((), 0, 0)


def test_rates_are_counted_anew_from_the_rows_that_they_may_know() -> None:
    catalogue, in_use = shop(), rates()
    mine = np.array([fold_of(person) == 0 for person in PERSONS.tolist()])
    rows = msgspec.structs.replace(ROWS, offer=np.full(len(ROWS), ALBA), target=mine.astype(np.float64))

    def rate(model: Model) -> float:
        return model.artefact.rates.offers[HOME][ALBA]

    assert rate(recounted(in_use, rows.take(np.flatnonzero(mine)), catalogue).model) > 0.9
    assert rate(recounted(in_use, rows.take(np.flatnonzero(~mine)), catalogue).model) < 0.01
    # The persons of the first fold alone answered, so only the rates for them know of none.
    found = opponents_of(in_use, rows, catalogue)
    each = [rate(found[f"{CHAMPION} {fold}"]) for fold in range(FOLDS)]
    assert each[0] < 0.01
    assert min(each[1:]) > 0.1


def test_a_forest_in_use_is_judged_as_it_is() -> None:
    model = load_model(encode_artefact(COURSE.artefact))
    forest = Champion(model, ModelVersion(model.version))
    assert recounted(forest, ROWS, shop()) is forest
    assert set(opponents_of(forest, ROWS, shop()).values()) == {model}
