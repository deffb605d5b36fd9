"""Each check of the gate passes what is sound and fails what is not."""

import msgspec
import numpy as np
import pytest

from models.artefact import Artefact, ModelFeature
from models.gate import Check
from rules.ids import GoalId, Instant
from rules.promotion import Promotion
from tests.decision.small_workspace import small_catalogue
from tests.models.small_model import trained
from tests.training.worlds import rows_of
from training.evaluation.actions import Floats
from training.evaluation.gain import Gain
from training.learning.rows import Inputs
from training.promotion.checks.accuracy import Losses, check_accuracy, check_served, check_worth, losses
from training.promotion.checks.agreement import check_features, check_foreknowledge, check_labels, check_level
from training.promotion.checks.calibration import calibration_error, check_calibration
from training.promotion.checks.gain import check_gain, check_part, check_untold
from training.promotion.checks.leak import check_foresight, check_leak
from training.promotion.checks.ranking import area, check_continuity, check_learning
from training.promotion.checks.warm_up import check_warm_up

NAN = float("nan")
ROWS = 6_000
DRAW = np.random.default_rng(7)
CHANCE = DRAW.beta(1.0, 9.0, ROWS)
ANSWER = (DRAW.random(ROWS) < CHANCE).astype(np.float64)
PERSON = np.arange(ROWS) // 3
CLUSTER = PERSON.astype(np.intp)


def gain(value: float, low: float, high: float, beside: float = 10.0, refusal: str = "") -> Gain:
    return Gain(value, low, high, (high - low) / 4, beside, 1000, refusal)


def test_the_gain_must_be_proven_above_the_margin() -> None:
    bounds = Promotion(margin=0.05)
    assert check_gain(gain(1.0, 0.6, 1.4), bounds).passed
    assert not check_gain(gain(1.0, 0.4, 1.6), bounds).passed
    assert not check_gain(gain(NAN, NAN, NAN, NAN, "nothing was tried"), bounds).passed
    assert check_gain(gain(0.0, -0.4, 0.4), Promotion(margin=-0.05)).passed


def test_a_part_must_not_be_proven_to_lose() -> None:
    bounds = Promotion(loss=0.05)
    assert check_part("channel:web", gain(-0.4, -1.4, 0.6), bounds, True).passed
    # Half a unit may be lost; what is lost beyond is shown from 1.64 errors of 0.5 on.
    assert check_part("channel:web", gain(-1.3, -2.3, -0.3), bounds, True).passed
    assert not check_part("channel:web", gain(-1.4, -2.4, -0.4), bounds, True).passed
    assert not check_part("channel:web", gain(-1.3, -2.3, -0.3), Promotion(loss=0.05, confidence=0.75), True).passed
    # Too little of it tells nothing; but what the log never tried must not be let loose.
    assert check_part("channel:web", gain(NAN, NAN, NAN, NAN, "too few"), bounds, True).passed
    assert not check_part("channel:web", gain(NAN, NAN, NAN, NAN, "never tried"), bounds, False).passed


def test_where_no_gain_can_be_told_predictions_must_be_proven_better() -> None:
    untold = gain(NAN, NAN, NAN, NAN, "too rarely")
    good, noisy = losses(CHANCE, ANSWER, True), losses(DRAW.permutation(CHANCE), ANSWER, True)

    def beside(own: Floats, champion: Floats, confidence: float = 0.95) -> Check:
        return check_untold(untold, Losses(own, champion, np.full(len(own), "d"), CLUSTER[: len(own)]), confidence)

    proven = beside(good, noisy)
    assert proven.passed
    assert "too rarely" in proven.said
    assert not beside(noisy, good).passed
    assert not beside(good, good).passed
    # A hair's breadth better may be chance: a few rows of what many prove, prove nothing.
    near = losses(0.9 * CHANCE + 0.1 * CHANCE.mean(), ANSWER, True)
    assert not beside(good[:60], near[:60], 0.999).passed


def test_calibration_may_not_grow_worse_but_by_chance() -> None:
    coarse = np.full(ROWS, CHANCE.mean())
    assert check_calibration(CHANCE, coarse, ANSWER, PERSON, 0.1).passed
    assert check_calibration(CHANCE, np.minimum(1.5 * CHANCE, 1.0), ANSWER, PERSON, 0.1).passed
    failed = check_calibration(np.minimum(1.5 * CHANCE, 1.0), CHANCE, ANSWER, PERSON, 0.1)
    assert not failed.passed
    assert failed.figure is not None
    assert 0.1 < failed.figure < 0.6
    # What chance makes of a sample is taken off.
    assert calibration_error(CHANCE, ANSWER) < 0.2 * calibration_error(1.5 * CHANCE, ANSWER)


def test_accuracy_may_not_be_shown_to_be_worse() -> None:
    _, cluster = np.unique(PERSON, return_inverse=True)
    good, noisy = losses(CHANCE, ANSWER, True), losses(DRAW.permutation(CHANCE), ANSWER, True)
    assert check_accuracy(good, noisy, cluster, True).passed
    assert not check_accuracy(noisy, good, cluster, True).passed
    assert check_accuracy(good, good, cluster, True).passed
    values = losses(2.0 * CHANCE, ANSWER, False), losses(np.full(ROWS, 0.1), ANSWER, False)
    assert not check_worth(*values, cluster).passed


def test_the_area_under_the_curve_and_its_error_are_those_of_all_pairs() -> None:
    target, prediction = ANSWER[:400], np.round(CHANCE[:400], 2)
    ones, others = prediction[target > 0], prediction[target == 0]
    wins = (ones[:, None] > others) + 0.5 * (ones[:, None] == others)
    found, error = area(target, prediction)
    assert found == pytest.approx(wins.mean())
    expected = wins.mean(axis=1).var(ddof=1) / len(ones) + wins.mean(axis=0).var(ddof=1) / len(others)
    assert error == pytest.approx(np.sqrt(expected))


def test_what_ranks_no_better_than_chance_has_learned_nothing() -> None:
    assert check_learning(ANSWER, CHANCE).passed
    assert not check_learning(ANSWER, DRAW.permutation(CHANCE)).passed
    assert not check_learning(np.zeros(50), CHANCE[:50]).passed


def test_answers_that_neither_champion_nor_challenger_can_tell_are_broken() -> None:
    once, _ = area(ANSWER, CHANCE)
    noise = DRAW.permutation(CHANCE)
    assert check_continuity(ANSWER, CHANCE, noise, once).passed
    assert not check_continuity(DRAW.permutation(ANSWER), CHANCE, CHANCE, once).passed
    # The world has changed where the challenger sees what the champion does not: nobody must wait for ever.
    assert check_continuity(ANSWER, noise, CHANCE, once).passed


def test_a_count_of_answers_may_not_jump_beyond_what_was_learned() -> None:
    twice, tenth = np.minimum(2.0 * CHANCE, 1.0), 0.1 * CHANCE
    assert check_level(ANSWER, twice, twice, CLUSTER).passed
    assert not check_level(ANSWER, tenth, tenth, CLUSTER).passed
    assert not check_level(np.zeros(ROWS), CHANCE, CHANCE, CLUSTER).passed
    assert check_level(ANSWER, tenth, CHANCE, CLUSTER).passed
    # A few rows prove nothing.
    assert check_level(ANSWER[:6], 0.3 * CHANCE[:6], 0.3 * CHANCE[:6], CLUSTER[:6]).passed


def leak_of(column: np.ndarray, categorical: frozenset[str] = frozenset()) -> Check:
    half = ROWS // 2
    matrix = np.column_stack([DRAW.normal(size=ROWS), column])
    rows = msgspec.structs.replace(
        rows_of(matrix, ANSWER, np.ones(ROWS), np.zeros(ROWS, np.intp)),
        inputs=Inputs((ModelFeature("noise"), ModelFeature("known")), categorical),
    )
    return check_leak(rows, np.arange(half), np.arange(half, ROWS), 0.15)


def test_a_feature_that_knows_the_answer_is_a_leak() -> None:
    assert leak_of(CHANCE).passed
    knows = np.where((ANSWER > 0) & (DRAW.random(ROWS) < 0.4), 5.0, np.nan)
    assert not leak_of(knows).passed
    assert not leak_of(np.where(ANSWER > 0, 71_003.0, 9.0), frozenset({"known"})).passed
    assert "'known'" in leak_of(knows).said


def test_what_foretells_much_more_than_the_champion_knows_too_much() -> None:
    constant = losses(np.full(ROWS, ANSWER.mean()), ANSWER, True)
    honest, knows = losses(CHANCE, ANSWER, True), losses(0.9 * ANSWER + 0.05, ANSWER, True)
    assert check_foresight(honest, constant, constant, CLUSTER, 0.35).passed
    assert not check_foresight(knows, honest, constant, CLUSTER, 0.35).passed
    assert check_foresight(knows, knows, constant, CLUSTER, 0.35).passed


def test_what_serves_must_be_no_worse_than_what_was_judged() -> None:
    good, noisy = losses(CHANCE, ANSWER, True), losses(DRAW.permutation(CHANCE), ANSWER, True)
    assert check_served(good, good, CLUSTER, True).passed
    assert not check_served(noisy, good, CLUSTER, True).passed


def test_features_and_labels_must_be_those_that_serving_and_the_journal_know() -> None:
    served = DRAW.normal(size=(500, 3))
    served[0, 0] = np.nan
    names = ("a", "b", "c")
    assert check_features(served.copy(), served, names).passed
    shifted = served.copy()
    shifted[:5, 1] *= 100.0
    assert not check_features(shifted, served, names).passed
    assert "'b'" in check_features(shifted, served, names).said
    assert not check_features(served[:0], served[:0], names).passed
    assert check_labels(ANSWER, ANSWER.copy()).passed
    assert not check_labels(ANSWER, DRAW.permutation(ANSWER)).passed


def test_profiles_must_not_know_what_came_later() -> None:
    assert check_foreknowledge(0, 0).passed
    assert check_foreknowledge(4, 1_000).passed
    assert not check_foreknowledge(6, 1_000).passed


def test_a_warm_up_that_serving_cannot_reproduce_or_bind_fails() -> None:
    artefact, _ = trained()
    catalogue = small_catalogue()
    assert check_warm_up(artefact, catalogue).passed
    changed = Artefact(**{name: getattr(artefact, name) for name in artefact.__struct_fields__} | {
        "warm_up": type(artefact.warm_up)(artefact.warm_up.rows, (9.0, *artefact.warm_up.scores[1:]))
    })  # fmt: skip
    assert "warm-up row 0" in check_warm_up(changed, catalogue).said
    unknown = Artefact(
        kind="rates", goal=GoalId("accept"), objective="value", created=Instant(0), features=(ModelFeature("x", "y"),)
    )
    assert not check_warm_up(unknown, catalogue).passed
