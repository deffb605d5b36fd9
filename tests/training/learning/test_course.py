"""A whole training, from rows to an artefact that a worker serves."""

import msgspec
import numpy as np
import pytest

from models.artefact import Artefact, encode_artefact
from models.model import load_model
from models.rates import Rates
from rules.ids import GoalId, Instant, PlacementId
from tests.training.worlds import response_rows, value_rows
from training.learning.course import Course, train
from training.learning.predictor import predict

GOAL = GoalId("accept")
NOW = Instant(1_790_000_000_000)


@pytest.fixture(scope="module")
def course() -> Course:
    return train(response_rows(12_000, 11), GOAL, "response", NOW, None, threads=1)


def test_the_model_beats_constant_and_random_on_rows_it_has_not_seen(course: Course) -> None:
    model, constant, random = (course.quality[name] for name in ("model", "constant", "random"))
    assert "champion" not in course.quality
    assert model.log_loss is not None
    assert constant.log_loss is not None
    assert random.log_loss is not None
    assert model.log_loss < constant.log_loss < random.log_loss
    assert model.auc is not None
    assert model.auc > 0.7
    assert constant.auc == 0.5
    assert model.mean_prediction == pytest.approx(model.mean_target, rel=0.15)


def test_the_artefact_says_what_it_learned_from_and_is_served(course: Course) -> None:
    model = load_model(encode_artefact(course.artefact))
    assert model.goal == GOAL
    assert model.artefact.evidence == 12_000
    assert model.artefact.window == (0, 11_999 * 60_000 + 1)
    assert model.artefact.metrics["model"]["auc"] == course.quality["model"].auc
    assert np.isnan(model.artefact.warm_up.rows[-1][:-1]).all()


def test_the_same_rows_give_the_same_version(course: Course) -> None:
    again = train(response_rows(12_000, 11), GOAL, "response", NOW, None, threads=1)
    assert encode_artefact(again.artefact) == encode_artefact(course.artefact)


def test_a_first_forest_comes_from_few_responses_and_stays_near_their_rate() -> None:
    few = response_rows(450, 16)
    assert few.target.sum() < 40
    early = train(few, GOAL, "response", NOW, None, threads=1)
    assert load_model(encode_artefact(early.artefact)).forest is not None
    found = predict(early.artefact, response_rows(5_000, 17))
    assert found is not None
    assert found.mean() == pytest.approx(few.target.mean(), rel=0.4)
    assert found.max() < 0.5


def test_the_model_in_use_has_learned_from_the_latest_rows_too() -> None:
    """What only the latest fifth tells, the judged model cannot know."""
    rows = response_rows(12_000, 18)
    late = np.arange(len(rows)) >= len(rows) * 0.8
    target = np.where(late & (rows.offer == "d"), 1.0, rows.target)
    changed = train(msgspec.structs.replace(rows, target=target), GOAL, "response", NOW, None, threads=1)
    asked = rows.take(np.flatnonzero(rows.offer == "d"))
    before, after = predict(changed.judged, asked), predict(changed.artefact, asked)
    assert before is not None
    assert after is not None
    assert after.mean() > before.mean() + 0.05


def test_a_champion_is_judged_on_the_same_rows(course: Course) -> None:
    later = response_rows(3_000, 12)
    beside = train(later, GOAL, "response", NOW, course.artefact, threads=1)
    champion = predict(course.artefact, later.take(beside.parts.judge))
    assert champion is not None
    assert beside.quality["champion"].mean_prediction == pytest.approx(champion.mean())


def test_a_champion_whose_features_are_gone_is_left_out(course: Course) -> None:
    other = msgspec.structs.replace(course.artefact, features=course.artefact.features[1:])
    renamed = msgspec.structs.replace(other.features[0], name="gone")
    foreign = msgspec.structs.replace(course.artefact, features=(renamed, *course.artefact.features[1:]))
    assert predict(foreign, response_rows(50, 13)) is None


def test_rates_are_judged_by_placement_and_offer() -> None:
    home = PlacementId("home")
    rates = Rates(overall=0.1, placements={home: 0.2}, offers={home: {"a": 0.3}})  # type: ignore[dict-item]
    artefact = Artefact(kind="rates", goal=GOAL, objective="response", created=NOW, rates=rates)
    rows = response_rows(50, 14)
    found = predict(artefact, rows)
    assert found is not None
    assert set(found[rows.offer == "a"]) == {0.3}
    assert set(found[rows.offer != "a"]) == {0.2}


def test_a_value_model_learns_again_from_everything() -> None:
    rows = value_rows(8_000, 15)
    course = train(rows, GOAL, "value", NOW, None, threads=1)
    assert course.artefact.calibration is None
    found = predict(course.artefact, rows)
    assert found is not None
    assert found.mean() == pytest.approx(rows.target.mean(), rel=0.05)
    assert course.quality["model"].squared_error is not None
