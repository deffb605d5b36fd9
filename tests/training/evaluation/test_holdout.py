"""A log with a holdout: everybody counts, and what policies earn is what they would earn without one."""

import pytest

from decision.engine.request import Decision
from decision.journal.record import DecisionRecord
from models.model import prior_model
from rules.catalogue import Catalogue
from rules.division import HOLDOUT
from rules.ids import Instant
from rules.package import pack, unpack
from tests.training.shop import GOAL, HOME, SMALL, START, WEEK, changed, earnings, visits
from training.evaluation.evaluation import Evaluation, evaluation_of
from training.evaluation.judged import judge
from training.evaluation.lessons import read_lessons
from training.evaluation.rewards import fit_rewards
from training.material.ledger import Earned
from training.material.question import question_of

HELD = Decision((), HOLDOUT, (), {"held_out": 6}, 1.0)
SHARE = 0.25


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    toml = (SMALL / "concierge.toml").read_text()
    toml = toml.replace("{ epsilon = 0.1, temperature = 0.3 }", "{ epsilon = 1.0, temperature = 0.0 }")
    toml = toml.replace("slots = 3", "slots = 1") + f"\n[holdout]\nshare = {SHARE}\n"
    return unpack(pack(toml.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv"))


def judged(catalogue: Catalogue, rows: list[Earned], objective: str = "response") -> Evaluation:
    question = changed(question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK)), objective=objective)  # type: ignore[arg-type]
    catalogues = {str(catalogue.version): catalogue}
    rewards = fit_rewards(read_lessons(rows, question, catalogues), GOAL, "response", threads=1)  # type: ignore[arg-type]
    return evaluation_of(judge(rows, question, catalogues, {"prior": prior_model(GOAL)}, (), rewards))  # type: ignore[arg-type]


def held_out(catalogue: Catalogue, record: DecisionRecord) -> bool:
    return catalogue.division.group(HOME, f"c:{record.customer}") == HOLDOUT


def test_policies_earn_what_they_would_without_a_holdout(catalogue: Catalogue) -> None:
    decisions, outcomes = visits(catalogue, 3_000, 1)
    hits = {(outcome.decision, outcome.offer) for outcome in outcomes}
    rows = []
    for record in decisions:
        if held_out(catalogue, record):
            rows.append(Earned(changed(record, decision=HELD), 0, 0.0))
        else:
            rows.append(Earned(record, int((record.id, record.decision.offers[0].offer) in hits), 0.0))
    share = sum(held_out(catalogue, record) for record in decisions) / len(decisions)
    assert share == pytest.approx(SHARE, abs=0.05)
    found = judged(catalogue, rows)
    assert found.decisions == len(decisions)
    everyone = earnings(decisions, outcomes)
    for policy in ("prior", "uniform"):
        estimate = found.of(policy).dr
        assert abs(estimate.value - everyone) < 3 * estimate.standard_error
        assert found.of(policy).support.mean_weight == pytest.approx((1 - share) / (1 - SHARE))
        assert found.of(policy).support.outside == 0.0
    shown = earnings([record for record in decisions if not held_out(catalogue, record)], outcomes) * (1 - share)
    assert found.of("logged").dr.value == pytest.approx(shown)


def test_where_nothing_may_be_shown_the_holdout_changes_nothing(catalogue: Catalogue) -> None:
    (record,), _ = visits(catalogue, 1, 1)
    offers = tuple(catalogue.offers.ids)
    barred = changed(record.request, exclude=offers)  # type: ignore[arg-type]
    rows = [Earned(changed(record, request=barred, decision=HELD), 0, 0.0)] * 40
    found = judged(catalogue, rows)
    assert found.of("prior").support.mean_weight == 1.0
