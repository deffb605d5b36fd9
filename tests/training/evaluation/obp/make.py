"""Writes figures.json: what the Open Bandit Pipeline's estimators say of random arrays.

Run it in an environment of its own, for obp asks for heavy packages that these estimators do not need:

    python -m venv /tmp/obp
    /tmp/obp/bin/pip install --no-deps obp==0.4.1
    /tmp/obp/bin/pip install numpy scipy scikit-learn pandas tqdm pyyaml matplotlib mypy_extensions
    /tmp/obp/bin/python tests/training/evaluation/obp/make.py

obp imports torch and seaborn, which only its learners and plots use; empty ones stand for them.
"""

import json
import sys
from pathlib import Path
from types import ModuleType


class Absent(ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name: str) -> type:
        return type(name, (), {})


for name in ("torch", "torch.nn", "torch.optim", "torch.utils", "torch.utils.data", "seaborn"):
    sys.modules[name] = Absent(name)
    sys.modules[name].__path__ = []
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, sys.modules[name])

import numpy as np  # noqa: E402
from obp import ope  # type: ignore[import-not-found]  # noqa: E402

DECISIONS, ACTIONS, RANKS = 60, 6, 3
THRESHOLD = 2.0


def single(seed: int) -> dict[str, object]:
    """Arrays of single offers, and five estimates of them."""
    random = np.random.default_rng(seed)
    logging = random.dirichlet(np.ones(ACTIONS), DECISIONS)
    policy = random.dirichlet(np.full(ACTIONS, 0.5), DECISIONS)
    action = np.array([random.choice(ACTIONS, p=chances) for chances in logging])
    rows = np.arange(DECISIONS)
    reward = random.normal(1.0, 2.0, DECISIONS)
    predicted = random.normal(1.0, 1.0, (DECISIONS, ACTIONS))
    given = {
        "reward": reward,
        "action": action,
        "pscore": logging[rows, action],
        "action_dist": policy[:, :, None],
        "estimated_rewards_by_reg_model": predicted[:, :, None],
    }
    estimators = {
        "IPS": ope.InverseProbabilityWeighting(),
        "SNIPS": ope.SelfNormalizedInverseProbabilityWeighting(),
        "DM": ope.DirectMethod(),
        "DR": ope.DoublyRobust(),
        "Switch-DR": ope.SwitchDoublyRobust(tau=THRESHOLD),
    }
    return {
        "reward": reward.tolist(),
        "action": action.tolist(),
        "probability": logging[rows, action].tolist(),
        "policy": policy.tolist(),
        "predicted": predicted.tolist(),
        "estimates": {name: float(found.estimate_policy_value(**given)) for name, found in estimators.items()},
    }


def slates(seed: int) -> dict[str, object]:
    """Arrays of slates, and two estimates of them; obp wants them flat, rank after rank."""
    random = np.random.default_rng(seed)
    reward = random.binomial(1, 0.3, (DECISIONS, RANKS)).astype(float)
    probability, chance = random.uniform(0.1, 1.0, (2, DECISIONS, RANKS))
    flat = {
        "slate_id": np.repeat(np.arange(DECISIONS), RANKS),
        "reward": reward.ravel(),
        "position": np.tile(np.arange(RANKS), DECISIONS),
    }

    def down(shares: np.ndarray) -> np.ndarray:
        return np.cumprod(shares, axis=1).ravel()

    return {
        "reward": reward.tolist(),
        "probability": probability.tolist(),
        "chance": chance.tolist(),
        "estimates": {
            "rank by rank": ope.SlateIndependentIPS(len_list=RANKS).estimate_policy_value(
                **flat, pscore_item_position=probability.ravel(), evaluation_policy_pscore_item_position=chance.ravel()
            ),
            "cascade": ope.SlateRewardInteractionIPS(len_list=RANKS).estimate_policy_value(
                **flat, pscore_cascade=down(probability), evaluation_policy_pscore_cascade=down(chance)
            ),
        },
    }


if __name__ == "__main__":
    content = {"threshold": THRESHOLD, "single": [single(seed) for seed in range(3)], "slates": slates(3)}
    Path(__file__).with_name("figures.json").write_text(json.dumps(content) + "\n")
