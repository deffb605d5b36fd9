"""What decisions whose window has not passed teach: `DELAYED=20 pytest -s` prints the figures of so many worlds."""

import os

import msgspec
import numpy as np
import pytest

from models.artefact import encode_artefact
from rules.ids import GoalId, Instant
from tests.training.learning.delayed import DAY, KINDS, Delayed
from tests.training.worlds import value_rows
from training.learning.course import train
from training.learning.delay import Young, fit_delays, lesson_of, response_weights
from training.learning.predictor import predict

WORLDS = int(os.environ.get("DELAYED", "1"))


def test_the_curve_is_the_share_that_has_come() -> None:
    delay = np.array([3.0, np.nan, 1.0, 2.0, np.nan, 4.0])
    curve = fit_delays(delay, np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0]))
    assert curve.share(np.array([0.5, 1.0, 2.5, 4.0, 9.0])).tolist() == [0.0, 0.25, 0.5, 1.0, 1.0]
    by_value = fit_delays(delay, np.array([1.0, 0.0, 7.0, 1.0, 0.0, 1.0]))
    assert by_value.share(np.array([1.0])).tolist() == [0.7]


def test_nothing_has_come_where_nothing_ever_came() -> None:
    curve = fit_delays(np.full(5, np.nan), np.zeros(5))
    assert curve.share(np.array([0.0, 1e9])).tolist() == [0.0, 0.0]


def test_weights_put_every_rate_back() -> None:
    drawn = np.random.default_rng(1)
    share = drawn.random(200_000)
    rate = np.where(np.arange(len(share)) % 2 == 0, 0.5, 0.02)
    hit = (drawn.random(len(share)) < rate * share).astype(float)
    weight = response_weights(share, hit, rate)
    for one in (0.5, 0.02):
        mine = rate == one
        assert (weight[mine] @ hit[mine]) / weight[mine].sum() == pytest.approx(one, rel=0.03)
        assert weight[mine].sum() == pytest.approx(share[mine].sum(), rel=0.02)
    assert (weight[hit == 0] <= share[hit == 0]).all()


def test_values_grow_to_what_they_will_come_to() -> None:
    rows = value_rows(4_000, 2)
    delays = np.where(rows.target > 0, np.linspace(0, 10 * DAY, len(rows)), np.nan)
    ripe = msgspec.structs.replace(rows, delay=delays)
    late = np.arange(len(rows)) % 2 == 0
    half = msgspec.structs.replace(rows, target=np.where(late, 0.0, rows.target))
    lesson = lesson_of(ripe, Young(half, np.full(len(rows), 5.0 * DAY)), "value", np.zeros(len(rows)))
    grown = lesson.rows.target[len(rows) :]
    assert grown.mean() == pytest.approx(rows.target.mean(), rel=0.15)
    assert lesson.weight[len(rows) :] == pytest.approx(np.full(len(rows), 0.5), abs=0.1)


def test_too_young_a_decision_teaches_nothing() -> None:
    world = Delayed("nothing changes", 3, a_day=50)
    early = Young(world.young.rows, np.zeros(len(world.young.rows)))
    rate = np.full(len(early.rows), 0.1)
    assert len(lesson_of(world.ripe, early, "response", rate).rows) == len(world.ripe)
    assert len(lesson_of(world.ripe, world.young, "increment", rate).rows) == len(world.ripe)


def test_without_young_decisions_a_training_is_the_same() -> None:
    world = Delayed("nothing changes", 5, a_day=100)
    none = Young(world.young.rows.take(np.arange(0)), np.empty(0))
    first, second = (
        train(world.ripe, GoalId("accept"), "response", Instant(0), None, 1, young).artefact for young in (None, none)
    )
    assert encode_artefact(first) == encode_artefact(second)


def test_a_model_tells_what_it_learned_from_young_decisions_and_what_from_settled_ones() -> None:
    world = Delayed("nothing changes", 4, a_day=100)
    artefact = train(world.ripe, GoalId("accept"), "response", Instant(0), None, 1, world.young).artefact
    assert artefact.settled == world.ripe.at.max() + 1
    assert artefact.window is not None
    assert artefact.window[0] == world.ripe.at.min()
    assert world.ripe.at.max() + 1 < artefact.window[1] <= world.young.rows.at.max() + 1
    assert artefact.evidence == len(world.ripe)


@pytest.mark.parametrize("kind", KINDS)
def test_weighted_by_the_curve_young_decisions_improve_what_is_said_of_those_to_come(kind: str) -> None:
    losses = {"left out": [], "weighted": [], "taken as they are": []}  # type: dict[str, list[float]]
    ratios = {name: [] for name in losses}  # type: dict[str, list[float]]
    for seed in range(WORLDS):
        world = Delayed(kind, seed)  # type: ignore[arg-type]
        aged = Young(world.young.rows, np.full(len(world.young.rows), 1e15))
        for name, young in (("left out", None), ("weighted", world.young), ("taken as they are", aged)):
            course = train(world.ripe, GoalId("accept"), "response", Instant(0), None, 1, young)
            found = predict(course.artefact, world.to_come)
            assert found is not None
            losses[name].append(1_000 * world.excess_loss(found))
            ratios[name].append(float(found.mean() / world.truth.mean()))
    for name, loss in losses.items():
        print(
            f"{kind}: young decisions {name}: {np.mean(loss):.2f} "
            f"({np.std(loss) / max(1, len(loss) - 1) ** 0.5:.2f}) millinats more than the truth, "
            f"predicted over true {np.mean(ratios[name]):.3f}"
        )
    slack = 1.0 if kind == "nothing changes" else 0.0
    assert np.mean(losses["weighted"]) < np.mean(losses["left out"]) + slack
