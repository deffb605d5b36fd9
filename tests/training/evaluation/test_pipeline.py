"""The estimators beside those of the Open Bandit Pipeline (obp 0.4.1) on the same arrays; obp/make.py has the way."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.evaluation.actions import Floats, LoggedActions, PolicyActions, chances_only
from training.evaluation.estimators import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
)
from training.evaluation.ranks import Descent, RankRows

THEIRS = json.loads((Path(__file__).parent / "obp" / "figures.json").read_text())


@pytest.mark.parametrize("given", THEIRS["single"])
def test_five_estimators_equal_the_pipelines(given: dict[str, Any]) -> None:
    action, rows = np.array(given["action"]), np.arange(len(given["action"]))
    policy, predicted = np.array(given["policy"]), np.array(given["predicted"])
    logged = LoggedActions(np.array(given["reward"]), np.array(given["probability"]), rows, predicted[rows, action])
    judged = PolicyActions(policy[rows, action], (policy * predicted).sum(axis=1), np.zeros(len(rows)))
    ours = {
        "IPS": inverse_propensity(logged, judged),
        "SNIPS": self_normalised(logged, judged),
        "DM": direct_method(logged, judged),
        "DR": doubly_robust(logged, judged),
        "Switch-DR": switch_doubly_robust(logged, judged, THEIRS["threshold"]),
    }
    assert {name: ratio.value for name, ratio in ours.items()} == pytest.approx(given["estimates"], rel=0, abs=1e-9)


def test_the_slates_estimators_equal_the_pipelines() -> None:
    given = THEIRS["slates"]
    value, probability, chance = (np.array(given[name]) for name in ("reward", "probability", "chance"))
    of, predicted = np.repeat(np.arange(len(value)), value.shape[1]), np.zeros(value.size)
    rows = RankRows(LoggedActions(value.ravel(), probability.ravel(), of, predicted), of)

    def ips(onward: Floats) -> float:
        """The value where a policy comes to lower ranks so many times as likely as the log."""
        chances = []
        for ranks in zip(chance.tolist(), onward.tolist(), strict=True):
            descent = Descent()
            chances += [descent.rank(one, 0.0, 0.0, going)[0] for one, going in zip(*ranks, strict=True)]
        return rows.estimates(chances_only(np.array(chances)))["IPS"].value

    ours = {"rank by rank": ips(np.ones_like(chance)), "cascade": ips(chance / probability)}
    assert ours == pytest.approx(given["estimates"], rel=0, abs=1e-9)
