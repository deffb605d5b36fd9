"""The reward model on the small shop: whom it learned from, that it is served as it was grown, what it is good for."""

import lightgbm
import numpy as np
import pytest

from decision.engine.replaying import inputs_of
from decision.engine.request import Decision
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from models.feature import encode_matrix
from models.model import prior_model
from rules.catalogue import Catalogue
from rules.ids import Instant
from tests.training.shop import GOAL, START, WEEK, changed, response, shop, visits
from training.evaluation.constant import constant_order
from training.evaluation.evaluation import evaluation_of
from training.evaluation.judged import judge
from training.evaluation.lessons import Lessons, read_lessons
from training.evaluation.rewards import Rewards, fit_rewards
from training.material.folds import FOLDS, fold_of
from training.material.ledger import Earned
from training.material.question import Question, question_of

NOTHING = Decision((), "champion", (), {}, 0.1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return shop()


@pytest.fixture(scope="module")
def earned(catalogue: Catalogue) -> list[Earned]:
    """Three thousand visits; a tenth of them showed nothing instead, after which an elder spends what they are old."""
    decisions, outcomes = visits(catalogue, 3_000, 1)
    hits = {(outcome.decision, outcome.offer) for outcome in outcomes}
    found = [Earned(record, int((record.id, record.decision.offers[0].offer) in hits), 0.0) for record in decisions]
    found = [one if not one.hits else Earned(one.record, 1, 10.0) for one in found]
    for at in range(0, len(found), 10):
        record = changed(found[at].record, decision=NOTHING)
        found[at] = Earned(record, 0, age_of(record))
    return found


def age_of(record: DecisionRecord) -> float:
    return float(inputs_of(record).profile.attributes["age"])  # type: ignore[arg-type]


def asked(catalogue: Catalogue, objective: str) -> Question:
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    return changed(question, objective=objective)  # type: ignore[arg-type, return-value]


def weighed(record: DecisionRecord, snapshot: Snapshot) -> Weighing:
    given = inputs_of(record)
    return weigh(record.request, given.profile, given.history, snapshot, record.now)


def rewards_of(lessons: Lessons, kind: str) -> Rewards:
    return fit_rewards(lessons, GOAL, kind, threads=1)  # type: ignore[arg-type]


def test_what_is_expected_of_a_person_does_not_hang_on_what_they_did(
    catalogue: Catalogue, earned: list[Earned]
) -> None:
    """With everyone else's outcomes as they are, a fold's own may be anything: it is predicted the same."""
    question = asked(catalogue, "value")
    lessons = read_lessons(earned, question, {catalogue.version: catalogue})
    upset = changed(lessons, target=np.where(lessons.fold == 2, -1e6, lessons.target))  # type: ignore[arg-type]
    models, others = rewards_of(lessons, "value").models, rewards_of(upset, "value").models  # type: ignore[arg-type]
    assert models[2].artefact.forest == others[2].artefact.forest
    assert all(models[fold].artefact.forest != others[fold].artefact.forest for fold in range(FOLDS) if fold != 2)
    assert np.bincount(lessons.fold, minlength=FOLDS).min() > 400


def test_every_action_is_expected_what_the_fold_of_the_person_says(catalogue: Catalogue, earned: list[Earned]) -> None:
    lessons = read_lessons(earned, asked(catalogue, "value"), {catalogue.version: catalogue})
    rewards, snapshot = rewards_of(lessons, "value"), Snapshot.build(catalogue, {})
    for one in earned[:40]:
        subject = f"c:{one.record.customer}"
        weighing = weighed(one.record, snapshot)
        found = rewards.of(weighing, snapshot, subject)
        artefact = rewards.models[fold_of(subject)].artefact
        rows = np.flatnonzero(weighing.open)
        shown = weighing.features.matrix(rows)
        silent = np.where([spec.binding.name == "REQUEST" for spec in snapshot.features.specs], shown[0], np.nan)
        raw = np.column_stack([np.vstack([shown, silent]), np.ones(len(rows) + 1)])
        names = tuple(feature.name for feature in artefact.features)
        booster = lightgbm.Booster(model_str=artefact.forest)
        theirs = np.asarray(booster.predict(encode_matrix(raw, names, artefact.categories)))
        assert found[[*rows, -1]].tolist() == theirs.tolist()
        assert not found[:-1][~weighing.open].any()


def test_showing_nothing_is_learned_from_those_who_were_shown_nothing(
    catalogue: Catalogue, earned: list[Earned]
) -> None:
    lessons = read_lessons(earned, asked(catalogue, "value"), {catalogue.version: catalogue})
    rewards, snapshot = rewards_of(lessons, "value"), Snapshot.build(catalogue, {})
    ages = [age_of(one.record) for one in earned[:300]]
    found = [rewards.of(weighed(one.record, snapshot), snapshot, f"c:{one.record.customer}") for one in earned[:300]]
    silent = [values[-1] for values in found]
    assert np.corrcoef(ages, silent)[0, 1] > 0.8
    assert np.mean(silent) == pytest.approx(np.mean(ages), rel=0.2)
    assert max(values[:-1].max() for values in found) < 20.0


def test_a_response_is_worth_what_the_offer_is_said_to_be_worth(catalogue: Catalogue, earned: list[Earned]) -> None:
    lessons = read_lessons(earned, asked(catalogue, "response"), {catalogue.version: catalogue})
    rewards, snapshot = rewards_of(lessons, "response"), Snapshot.build(catalogue, {})
    expected: list[float] = []
    truth: list[float] = []
    for one in earned[:300]:
        weighing = weighed(one.record, snapshot)
        rows = np.flatnonzero(weighing.open)
        offers = [weighing.placement.bound.offers.ids[row] for row in rows]
        found = rewards.of(weighing, snapshot, f"c:{one.record.customer}")
        assert found[-1] == 0.0
        expected.extend(found[rows])
        tier = str(inputs_of(one.record).profile.attributes["tier"])
        truth.extend(response(tier, offer) * weighing.parts.value[row] for offer, row in zip(offers, rows, strict=True))
    assert np.corrcoef(expected, truth)[0, 1] > 0.5


def test_too_little_to_grow_on_gives_the_mean_of_the_others(catalogue: Catalogue, earned: list[Earned]) -> None:
    lessons = read_lessons(earned[:60], asked(catalogue, "value"), {catalogue.version: catalogue})
    rewards, snapshot = rewards_of(lessons, "value"), Snapshot.build(catalogue, {})
    subject = f"c:{earned[0].record.customer}"
    found = rewards.of(weighed(earned[0].record, snapshot), snapshot, subject)
    others = lessons.target[lessons.fold != fold_of(subject)]
    assert found[-1] == found[:-1].max() == pytest.approx(others.mean())


def test_a_reward_model_makes_the_error_smaller(catalogue: Catalogue, earned: list[Earned]) -> None:
    shown = [one for one in earned if one.record.decision.offers]
    question, catalogues = asked(catalogue, "response"), {str(catalogue.version): catalogue}
    rewards = rewards_of(read_lessons(shown, question, catalogues), "response")
    order = constant_order(shown[:1_000], question)
    found = evaluation_of(judge(shown, question, catalogues, {"prior": prior_model(GOAL)}, order, rewards))
    constant = found.of("constant")
    assert constant.dr.standard_error < 0.95 * constant.ips.standard_error
    assert constant.dr.low < constant.snips.value < constant.dr.high
    assert constant.support.outside == 0.0, "a log that explores everything lacks nothing"
    assert found.of("logged").dr.value == pytest.approx(found.of("logged").ips.value)
