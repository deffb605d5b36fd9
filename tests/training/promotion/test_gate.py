"""Where the log cannot tell, the gate says where, and what to do."""

import msgspec
import numpy as np
import pytest

from models.gate import Check
from rules.promotion import Promotion
from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.gain import paired_gain
from training.evaluation.judged import Judged
from training.promotion.checks.accuracy import Losses
from training.promotion.checks.gain import check_gain, check_untold_part
from training.promotion.gate import blind, total_gain
from training.promotion.understudy import CHAMPION, MODEL

NUMBER = 400
DRAW = np.random.default_rng(5)
PLACEMENT = np.where(np.arange(NUMBER) % 4 == 0, "call", "home")


def judged(outside_at_call: float) -> Judged:
    """Decisions of which a quarter were made at a placement where so much was never tried."""
    cluster = np.arange(NUMBER, dtype=np.int64)
    logged = LoggedActions(DRAW.random(NUMBER), np.full(NUMBER, 0.5), cluster, np.full(NUMBER, 0.5))
    outside = np.where(PLACEMENT == "call", outside_at_call, 0.0)
    policy = PolicyActions(np.full(NUMBER, 0.5), np.full(NUMBER, 0.5), outside)
    words = np.array([f"{number:032x}" for number in range(NUMBER)])
    return Judged(logged, {MODEL: policy, CHAMPION: policy}, words, words, PLACEMENT, cluster, {}, None, (), ())


def where(name: str, policy: PolicyActions, found: Judged) -> Judged:
    return msgspec.structs.replace(found, policies={**found.policies, name: policy})


def test_a_placement_that_never_explored_is_named_with_the_way_out() -> None:
    told, left = total_gain(judged(1.0), 0.95)
    assert left == ()
    assert "'call' (100% of it)" in told.refusal
    assert "--placement" in told.refusal
    assert "'home'" not in told.refusal
    assert not total_gain(judged(0.0), 0.95)[0].refusal


def seldom(at: str) -> Judged:
    """A challenger that does at one placement what the log did there twice, once in a thousand decisions."""
    found = judged(0.0)
    there = at == PLACEMENT
    probability, chance = np.where(there, 0.9, 0.5), np.where(there, 0.0, 0.5)
    twice = np.flatnonzero(there)[:2]
    probability[twice], chance[twice] = 0.001, 0.9
    logged = msgspec.structs.replace(found.logged, probability=probability)
    policy = PolicyActions(chance, np.full(NUMBER, 0.5), np.zeros(NUMBER))
    return where(MODEL, policy, msgspec.structs.replace(found, logged=logged))


def test_a_placement_that_did_it_too_rarely_is_left_out_where_the_others_can_tell() -> None:
    told, left = total_gain(seldom("call"), 0.95)
    assert left == ("call",)
    assert told.decisions == (PLACEMENT == "home").sum()
    assert "'call'" in check_gain(told, Promotion(margin=-0.1), "the champion", left).said
    # What tells of a quarter only does not tell of the whole.
    told, left = total_gain(seldom("home"), 0.95)
    assert "too rarely" in told.refusal
    assert left == ()


def test_what_was_never_tried_at_a_small_placement_is_named_though_the_whole_log_hides_it() -> None:
    number = len(PLACEMENT)
    few = np.where(np.arange(number) % 40 == 0, "footer", PLACEMENT)
    for outside, chance in ((1.0, 0.5), (np.nan, 0.0)):
        there = few == "footer"
        policy = PolicyActions(
            np.where(there, chance, 0.5), np.full(number, 0.5), np.where(there, outside, 0.0).astype(float)
        )
        found = msgspec.structs.replace(where(MODEL, policy, judged(0.0)), placement=few)
        assert not blind(msgspec.structs.replace(found, placement=np.full(number, "home")))
        assert "'footer' (100% of it)" in blind(found)


def test_where_no_gain_is_told_a_part_must_not_be_foretold_worse() -> None:
    told = Check("channel:email", True, "Not told.")
    champion = DRAW.random(NUMBER)
    better, worse = (
        Losses(champion + more, champion, np.full(NUMBER, "d"), np.arange(NUMBER))
        for more in (-0.01, 0.01 * DRAW.random(NUMBER))
    )
    assert check_untold_part(told, better, 0.95).passed
    assert not check_untold_part(told, worse, 0.95).passed
    assert not check_untold_part(Check("x", False, "Never."), better, 0.95).passed
    assert check_untold_part(told, worse.of(()), 0.95) is told


def test_the_bound_is_on_one_side() -> None:
    weights = np.where(DRAW.random(NUMBER) < 0.5, 0.2, 0.8)
    better = PolicyActions(weights, np.full(NUMBER, 0.5), np.zeros(NUMBER))
    found = where(MODEL, better, judged(0.0))
    one, _ = total_gain(found, 0.95)
    both = paired_gain(found.logged, better, found.policies[CHAMPION], None, 0.9)
    assert one.low == pytest.approx(both.low)
    assert both.low < both.high < one.high == np.inf
    assert total_gain(found, 0.3)[0].low > one.value
