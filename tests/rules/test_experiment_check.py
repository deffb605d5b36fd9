"""What `check` says of holdouts and experiments."""

import pytest

from rules.check import check_workspace
from tests.decision.small_workspace import FOLDER

TOML = (FOLDER / "concierge.toml").read_text()
OFFERS = (FOLDER / "offers.csv").read_bytes()

SOUND = """
[holdout]
share = 0.05
placements = ["home"]

[[experiment]]
id = "values"
placements = ["home", "mail"]
arms = [
    { id = "no-levers", share = 0.2, arbitration = ["propensity", "value"], without_levers = ["house-brands"] },
    { id = "few", share = 0.2, candidates = "offer.brand == 'Alba'", exploration = { epsilon = 0.2 } },
]
"""


FEW = ", candidates = \"offer.brand == 'Alba'\", exploration = { epsilon = 0.2 }"


def said(more: str) -> dict[str, str]:
    checked = check_workspace(f"{TOML}\n{more}".encode(), OFFERS, "offers.csv")
    return {finding.key: finding.message for finding in checked.findings}


def test_a_sound_experiment_is_published() -> None:
    assert said(SOUND) == {}


@pytest.mark.parametrize(
    ("wrong", "key", "message"),
    [
        ("[holdout]\nshare = 1.5", "holdout.share", "must lie between 0 and 1"),
        ('[holdout]\nshare = 0.1\nplacements = ["hme"]', "holdout.placements", "did you mean 'home'"),
        ('[holdout]\nshare = 0.1\nsalt = ""', "holdout.salt", "must be some text"),
    ],
)
def test_a_wrong_holdout_is_refused(wrong: str, key: str, message: str) -> None:
    assert message in said(wrong)[key]


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("share = 0.2, arb", "share = 0.9, arb", "experiment.values.arms", "sum to 1.1"),
        ("share = 0.2, arb", "share = 0.0, arb", "experiment.values.arms.no-levers.share", "above 0"),
        ('"house-brands"', '"house-brand"', "experiment.values.arms.no-levers.without_levers", "'house-brands'"),
        ("offer.brand ==", "customer.tier ==", "experiment.values.arms.few.candidates", "offer"),
        ("epsilon = 0.2", "epsilon = 2.0", "experiment.values.arms.few.exploration.epsilon", "between 0 and 1"),
        ('id = "few"', 'id = "champion"', "experiment.values.arms.champion.id", "no arm takes"),
        ('id = "few"', 'id = "no-levers"', "experiment.values.arms[2].id", "taken"),
        ('id = "values"', 'id = "holdout"', "experiment.holdout.id", "another group"),
        ('["home", "mail"]', '["home", "home"]', "experiment.values.placements", "2 times"),
        (
            ", candidates = \"offer.brand == 'Alba'\", exploration = { epsilon = 0.2 }",
            "",
            "experiment.values.arms.few",
            "nothing",
        ),
    ],
)
def test_a_wrong_experiment_is_told_with_its_key(old: str, new: str, key: str, message: str) -> None:
    assert old in SOUND
    assert message in said(SOUND.replace(old, new))[key]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ("offer.brand == 'Alba' && offer.brand == 'Corte'", "never shows anything"),
        ("offer.brand != ''", "never matters"),
    ],
)
def test_candidates_that_change_nothing_or_leave_nothing_are_warned_of(candidates: str, message: str) -> None:
    found = said(SOUND.replace("offer.brand == 'Alba'", candidates))
    assert message in found["experiment.values.arms.few.candidates"]


def test_a_placement_is_in_one_experiment_only_and_salts_differ() -> None:
    other = '[[experiment]]\nid = "x"\nsalt = "values"\nplacements = ["mail"]\narms = [{ id = "a", share = 0.5 }]\n'
    found = said(SOUND + other)
    assert "in one experiment only" in found["experiment.x.placements"]
    assert "divides persons alike" in found["experiment.x.salt"]
