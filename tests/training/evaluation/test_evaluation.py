"""Off-policy figures against what the policies truly earn when they are let loose on the same shop."""

import pytest

from decision.journal.record import DecisionRecord, OutcomeRecord
from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model, prior_model
from models.rates import Rates
from rules.catalogue import Catalogue
from rules.ids import Instant, OfferId
from tests.training.shop import GOAL, HOME, START, WEEK, changed, earnings, shop, visits
from training.errors import TrainingError
from training.evaluation.constant import constant_order
from training.evaluation.evaluation import Evaluation, evaluation_of
from training.evaluation.judged import judge
from training.evaluation.lessons import read_lessons
from training.evaluation.policies import action_of
from training.evaluation.rewards import fit_rewards
from training.material.ledger import Earned
from training.material.question import Question, question_of

UNIFORM_TOML = "{ epsilon = 1.0, temperature = 0.0 }"
GREEDY_TOML = "{ epsilon = 0.2, temperature = 0.0 }"


def asked(catalogue: Catalogue) -> Question:
    return question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))


def earned(decisions: list[DecisionRecord], outcomes: list[OutcomeRecord]) -> list[Earned]:
    hits = {(outcome.decision, outcome.offer) for outcome in outcomes}
    firsts = [(record, record.decision.offers[0].offer if record.decision.offers else None) for record in decisions]
    return [Earned(record, int((record.id, first) in hits), 0.0) for record, first in firsts]


def evaluate(
    rows: list[Earned],
    question: Question,
    catalogues: dict[str, Catalogue],
    models: dict[str, Model],
    order: tuple[OfferId, ...],
) -> Evaluation:
    rewards = fit_rewards(read_lessons(rows, question, catalogues), GOAL, "response", threads=1)
    return evaluation_of(judge(rows, question, catalogues, models, order, rewards))


def favourites() -> Model:
    """Rates that know Alba is liked, but not by whom."""
    offers = {OfferId(f"alba-{theme}"): 0.3 for theme in ("romantic", "family", "spa")}
    rates = Rates(overall=0.05, offers={HOME: offers})
    return load_model(
        encode_artefact(Artefact(kind="rates", goal=GOAL, objective="response", created=START, rates=rates))
    )


@pytest.fixture(scope="module")
def logged() -> tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]]:
    catalogue = shop(UNIFORM_TOML)
    return catalogue, *visits(catalogue, 3_000, 1)


@pytest.fixture(scope="module")
def evaluation(logged: tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]]) -> Evaluation:
    catalogue, decisions, outcomes = logged
    rows = earned(decisions, outcomes)
    order = constant_order(rows[:1_500], asked(catalogue))
    models = {"prior": prior_model(GOAL), "favourites": favourites()}
    return evaluate(rows[1_500:], asked(catalogue), {catalogue.version: catalogue}, models, order)


def test_the_logged_policy_is_worth_what_it_earned(
    evaluation: Evaluation, logged: tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]]
) -> None:
    _, decisions, outcomes = logged
    assert evaluation.of("logged").ips.value == pytest.approx(earnings(decisions[1_500:], outcomes))
    assert evaluation.of("logged").support.effective_sample_size == pytest.approx(1_500)


def test_a_placement_that_explores_always_is_uniform_whatever_its_model(evaluation: Evaluation) -> None:
    for name in ("prior", "favourites", "uniform"):
        assert evaluation.of(name).ips.value == pytest.approx(evaluation.of("logged").ips.value)


def test_a_constant_is_estimated_near_what_it_earns(evaluation: Evaluation) -> None:
    """Half the customers accept at 0.3 and half at 0.03, so the dearest Alba or Corte offer earns 0.165 × V."""
    found = evaluation.of("constant")
    assert evaluation.constant is not None
    assert evaluation.constant.startswith(("alba", "corte"))
    assert found.support.mean_weight == pytest.approx(1.0, abs=0.2)
    assert abs(found.gain.value) < 1e-12
    margins = {"alba-romantic": 60, "alba-family": 80, "alba-spa": 50, "corte-romantic": 90, "corte-family": 95}
    margins["corte-spa"] = 70
    truth = 0.165 * margins[evaluation.constant]
    assert abs(found.snips.value - truth) < 4 * found.snips.standard_error


def test_a_model_is_estimated_near_what_it_earns_when_let_loose() -> None:
    explored, greedy = shop(UNIFORM_TOML), shop(GREEDY_TOML)
    decisions, outcomes = visits(explored, 2_500, 2)
    # Logged by one exploration, evaluated under another: the same offers, so the catalogue may stand for the other's.
    rows = earned([changed(record, catalogue=greedy.version) for record in decisions], outcomes)
    evaluation = evaluate(rows, asked(greedy), {greedy.version: greedy}, {"model": favourites()}, ())
    found = evaluation.of("model").snips
    truth = earnings(*visits(greedy, 2_500, 3, favourites()))
    assert abs(found.value - truth) < 4 * found.standard_error
    assert found.value > evaluation.of("logged").snips.value


def test_showing_nothing_is_an_action(
    logged: tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]],
) -> None:
    catalogue, decisions, outcomes = logged
    nothing = changed(
        decisions[0],
        source="import",
        decision=type(decisions[0].decision)((), "import", (), {}, 0.25),
    )
    rows = [Earned(nothing, 0, 0.0), *earned(decisions[1:50], outcomes)]
    found = evaluate(rows, asked(catalogue), {catalogue.version: catalogue}, {"model": prior_model(GOAL)}, ())
    assert found.decisions == 50
    # No policy of ours shows nothing where it may show something, so this decision weighs nothing for them.
    assert found.of("model").support.mean_weight == pytest.approx(49 / 50)


def test_what_cannot_be_used_is_counted_with_its_reason(
    logged: tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]],
) -> None:
    catalogue, decisions, outcomes = logged
    fallen = changed(decisions[0], degraded_inputs=("store",))
    foreign = changed(decisions[1], catalogue="0" * 16)
    rows = earned([fallen, foreign, *decisions[2:20]], outcomes)
    found = evaluate(rows, asked(catalogue), {catalogue.version: catalogue}, {"model": prior_model(GOAL)}, ())
    assert found.decisions == 18
    assert sorted(found.skipped.values()) == [1, 1]
    with pytest.raises(TrainingError, match="1 probability unknown"):
        evaluate(rows[:1], asked(catalogue), {catalogue.version: catalogue}, {"model": prior_model(GOAL)}, ())


def test_an_imported_decision_without_a_probability_has_no_action(
    logged: tuple[Catalogue, list[DecisionRecord], list[OutcomeRecord]],
) -> None:
    _, decisions, _ = logged
    empty = type(decisions[0].decision)((), "import", (), {})
    assert action_of(changed(decisions[0], source="import", decision=empty)) is None
    assert action_of(changed(decisions[0], decision=empty)) is not None
