"""Increments in a world where it is known what offers bring beyond showing nothing, and to whom they bring nothing."""

import msgspec
import numpy as np
import pytest

from rules.ids import GoalId, Instant
from tests.training.worlds import CODES, rows_of
from training.errors import TrainingError
from training.learning.course import train
from training.learning.increment import LEAST_SILENT, increments
from training.learning.predictor import predict
from training.learning.rows import Rows

GOAL = GoalId("net")


def bought(age: np.ndarray, brand: np.ndarray) -> np.ndarray:
    """What is bought on average: the old buy much by themselves, and only the young more for an offer; -1 is none.

    Brand 0 brings 6 more, brand 1 brings 2 more, the others cost 2 without bringing anything.
    """
    alone = np.where(age < 40, 4.0, 20.0)
    return np.asarray(alone + np.where(age < 40, np.array([6.0, 2.0, -2.0, -2.0, 0.0])[brand], -2.0 * (brand >= 0)))


def world(count: int, seed: int) -> tuple[Rows, Rows]:
    """Shown offers, and decisions that showed nothing by chance (a third), two decisions a person."""
    drawn = np.random.default_rng(seed)
    person = np.arange(count) // 2
    age = drawn.integers(18, 80, count // 2 + 1).astype(float)[person]
    brand = np.where(drawn.random(count) < 1 / 3, -1, drawn.integers(0, 4, count))
    value = np.maximum(bought(age, brand), 0.0) * drawn.gamma(1.0, 1.0, count)
    parts = []
    for chosen in (brand >= 0, brand < 0):
        matrix = np.column_stack([age[chosen], np.where(brand[chosen] >= 0, CODES[brand[chosen]], np.nan)])
        rows = rows_of(matrix, value[chosen], np.ones(chosen.sum()), np.maximum(brand[chosen], 0))
        parts.append(
            msgspec.structs.replace(
                rows, at=np.flatnonzero(chosen) * 60_000, subject=np.array([f"c:{one}" for one in person[chosen]])
            )
        )
    return parts[0], parts[1]


@pytest.fixture(scope="module")
def learned() -> tuple[Rows, Rows]:
    shown, silent = world(30_000, 21)
    return shown, increments(shown, silent, threads=1)


def test_increments_are_what_offers_bring_beyond_showing_nothing(learned: tuple[Rows, Rows]) -> None:
    shown, found = learned
    young = shown.matrix[:, 0] < 40
    for brand, word in enumerate("abcd"):
        mine = young & (shown.offer == word)
        truth = float(bought(np.array([30.0]), np.array([brand]))[0] - 4.0)
        assert found.target[mine].mean() == pytest.approx(max(truth, -4.0), abs=0.6)
    assert found.target[~young].mean() == pytest.approx(-2.0, abs=1.0)


def test_the_forest_finds_whom_an_offer_costs_more_than_it_brings(learned: tuple[Rows, Rows]) -> None:
    _, found = learned
    course = train(found, GOAL, "increment", Instant(0), None, threads=1)
    assert course.artefact.objective == "increment"
    assert sum(course.artefact.evidence_by_offer.values()) == len(found)
    every = np.repeat([30.0, 60.0], 4)
    asked = rows_of(np.column_stack([every, np.tile(CODES, 2)]), np.zeros(8), np.ones(8), np.tile(np.arange(4), 2))
    told = predict(course.artefact, asked)
    assert told is not None
    assert told[:4].argmax() == 0
    assert told[0] > 3
    assert (told[2:] < 0).all()


def test_a_person_tells_nothing_about_the_own_baseline() -> None:
    """What one person did without an offer must not move what is expected of that person."""
    shown, silent = world(6_000, 22)
    who = silent.subject[0]
    rich = msgspec.structs.replace(silent, target=np.where(silent.subject == who, 30.0, silent.target))
    poor = msgspec.structs.replace(silent, target=np.where(silent.subject == who, 0.0, silent.target))
    mine = np.flatnonzero(shown.subject == who)
    others = np.flatnonzero(shown.subject != who)
    first, second = (increments(shown, one, threads=1).target for one in (rich, poor))
    assert len(mine)
    assert first[mine] == pytest.approx(second[mine], abs=0.05)
    assert np.abs(first[others] - second[others]).max() > 0.1


def test_one_placement_does_not_stand_for_another() -> None:
    """People of another placement buy much more by themselves, and are seldom shown nothing."""
    shown, silent = world(12_000, 24)
    rich_shown, rich_silent = (
        msgspec.structs.replace(rows, placement=np.full(len(rows), "call"), target=rows.target + 30.0)
        for rows in (shown, silent.take(np.arange(0, len(silent), 10)))
    )
    apart = increments(shown, silent, threads=1).target.mean()
    together = increments(shown.joined(rich_shown), silent.joined(rich_silent), threads=1)
    assert together.target.mean() == pytest.approx(apart, abs=1.0)


def test_without_decisions_that_showed_nothing_it_is_said_what_to_do() -> None:
    shown, silent = world(3_000, 23)
    with pytest.raises(TrainingError, match="declare a holdout"):
        increments(shown, silent.take(np.arange(120)), threads=1)
    few = increments(shown, silent.take(np.arange(LEAST_SILENT + 60)), threads=1)
    assert np.isfinite(few.target).all()


def test_no_prediction_knows_what_the_same_person_did_under_another_name() -> None:
    shown, silent = world(3_000, 22)
    cookies = msgspec.structs.replace(silent, subject=np.char.replace(silent.subject, "c:", "v:"))
    kin = {
        name: person
        for one in np.unique(silent.subject).tolist()
        for name, person in ((one, one), (one.replace("c:", "v:"), one))
    }
    whole = increments(shown, silent, threads=1)
    assert np.array_equal(increments(shown, cookies, threads=1, kin=kin).target, whole.target)
    assert not np.array_equal(increments(shown, cookies, threads=1).target, whole.target)
