"""The cases that are timed are what they say, and what is compared is equal."""

import numpy as np

from loadtest.bench.hotel_workspace import CAPPED, FREE, bench_workspace
from loadtest.bench.kernels.forest_case import QUESTIONS, grow, make_case
from loadtest.bench.kernels.rule_case import RULES, make_rules
from rules.check import check_workspace
from rules.ids import PlacementId


def test_the_forest_reads_features_of_every_binding_and_equals_predict() -> None:
    case = make_case(grow(40), 40, 30)
    assert min(case.shares.values()) >= 0.2
    assert len(case.questions) == QUESTIONS
    for question in case.questions[:4]:
        expected = np.asarray(case.booster.predict(question.matrix, raw_score=True), np.float64)
        assert case.bound.score(question.request, question.pair, case.rows).tobytes() == expected.tobytes()


def test_no_rule_is_without_effect() -> None:
    case = make_rules(len(RULES))
    verdicts = [case.verdicts(number) for number in range(len(case.questions))]
    for rule, (cel, _) in enumerate(RULES):
        held = np.concatenate([np.broadcast_to(each[rule], 1000) for each in verdicts])
        assert 0 < held.sum() < len(held), cel


def test_the_workspace_of_the_bench_has_twenty_rules_and_a_placement_without_contact_policy() -> None:
    checked = check_workspace(*bench_workspace(), "offers.csv")
    assert checked.findings == ()
    assert checked.catalogue is not None
    assert len(checked.catalogue.workspace.rules) == 20
    for name, capped in ((CAPPED, True), (FREE, False)):
        placement = checked.catalogue.placements[PlacementId(name)]
        assert len(placement.rows) == 1000
        assert bool(placement.policies.policies) is capped
