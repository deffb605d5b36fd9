"""The ten changes are changes of the hotel workspace that it accepts, and they are judged fairly."""

import math

import pytest

from loadtest.errors import WorldError
from loadtest.foresight.changes import CHANGES, Change
from loadtest.foresight.figures import Foreseen, Pair, Simulated, Support, Truth
from loadtest.hotel.offers import workspace_folder
from rules.check import check_workspace


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.name))
def test_each_change_can_be_published(change: Change) -> None:
    toml = (workspace_folder() / "concierge.toml").read_text()
    changed = change.edit(toml)
    assert changed != toml
    checked = check_workspace(changed.encode(), (workspace_folder() / "offers.csv").read_bytes(), "offers.csv")
    assert checked.errors == ()


def test_a_change_that_finds_nothing_to_change_says_so() -> None:
    with pytest.raises(WorldError, match="does not say"):
        CHANGES[0].edit("slots = 3")


def test_the_truth_is_paired_by_visit() -> None:
    truth = Truth.of({1: 1.0, 2: 3.0, 3: 9.0}, {1: 2.0, 2: 5.0, 4: 100.0})
    assert (truth.before, truth.gain) == (2.0, 1.5)
    assert math.isclose(truth.error, 0.5)


def test_an_interval_holds_the_truth_or_not_or_was_never_told() -> None:
    truth = Truth(10.0, 1.0, 0.1)

    def held(low: float | None, high: float | None) -> bool | None:
        gain = None if low is None or high is None else (low + high) / 2
        seen = Foreseen("all", 9, gain, low, high, Support())
        return Pair("change", Simulated((seen,), ()), truth).held

    assert held(0.9, 1.1) is True
    assert held(1.15, 2.0) is True
    assert held(1.25, 2.0) is False
    assert held(None, None) is None
    assert Pair("change", Simulated((), ()), truth).held is None
