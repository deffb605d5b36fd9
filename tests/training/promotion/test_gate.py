"""Where the log cannot tell, the gate says where, and what to do."""

import msgspec
import numpy as np
import pytest

from rules.promotion import Promotion
from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.gain import paired_gain
from training.evaluation.judged import Judged
from training.promotion.gate import judged_gain
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


def test_a_placement_that_never_explored_is_named_with_the_way_out() -> None:
    told = judged_gain(judged(1.0), None, Promotion().confidence)
    assert "'call' (100% of it)" in told.refusal
    assert "--placement" in told.refusal
    assert "'home'" not in told.refusal
    assert not judged_gain(judged(0.0), None, 0.95).refusal
    at_home = frozenset(
        word for word, place in zip(judged(1.0).decision.tolist(), PLACEMENT, strict=True) if place == "home"
    )
    assert not judged_gain(judged(1.0), at_home, 0.95).refusal


def test_the_bound_is_on_one_side() -> None:
    found = judged(0.0)
    weights = np.where(DRAW.random(NUMBER) < 0.5, 0.2, 0.8)
    better = PolicyActions(weights, np.full(NUMBER, 0.5), np.zeros(NUMBER))
    found = msgspec.structs.replace(found, policies={**found.policies, MODEL: better})
    one = judged_gain(found, None, 0.95)
    both = paired_gain(found.logged, better, found.policies[CHAMPION], None, 0.9)
    assert one.low == pytest.approx(both.low)
    assert both.low < both.high < one.high == np.inf
    assert judged_gain(found, None, 0.3).low > one.value
