"""What the recorded run says of a cap, and that the two placements differ in it alone."""

import io
from importlib.resources import files

import pytest
from rich.console import Console

from loadtest.messages import Compared, Interval, Judged
from loadtest.starbucks.report import print_cost, print_gain
from loadtest.starbucks.run import CAPPED, FREE
from rules.check import check_workspace
from rules.ids import PlacementId

OFFERS = b"id,kind,difficulty,reward,days,web,mobile,social\none,bogo,5.0,5.0,7.0,true,true,false\n"


def said(free: Judged, capped: Judged) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_cost(console, free, capped)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_the_cost_stands_with_its_interval_and_its_contacts() -> None:
    text = said(Judged("free", 1.0, 0.0, 0.0, 5.78), Judged("capped", 0.5, -3.11, 0.5, 5.34))
    assert "costs 3.11 per customer and wave (95 %: 2.13 to 4.09)" in text
    assert "leaves 0.50 of 1.00 contacts" in text
    assert "brings 5.34 more than silence instead of 5.78" in text


def test_without_support_no_cost_is_told() -> None:
    text = said(Judged("free", 1.0, None, None, None), Judged("capped", 0.5, None, None, None))
    assert "cannot be told" in text


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.1, 0.5, "better"), (-0.5, -0.1, "worse"), (-0.1, 0.7, "which may be chance")]
)
def test_the_gain_stands_with_its_interval_and_the_offers_not_shown(low: float, high: float, verdict: str) -> None:
    console = Console(file=io.StringIO(), width=80)
    value = Interval(14.9, 13.4, 16.4)
    policy = Compared("champion", value, Interval((low + high) / 2, low, high))
    constant = Compared("constant", Interval(14.55, 13.0, 16.0), Interval(0.0, 0.0, 0.0))
    print_gain(console, policy, constant, Judged("free", 0.962, 0.0, 0.0, 5.78))
    text = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert f"14.55: {(low + high) / 2:+.2f} (95 %: {low:+.2f} to {high:+.2f}), {verdict}." in text
    assert "no offer to 3.8% of the customers" in text


def test_a_gain_without_support_is_not_told() -> None:
    console = Console(file=io.StringIO(), width=80)
    unknown = Compared("champion", Interval(None, None, None), Interval(None, None, None))
    print_gain(console, unknown, unknown, Judged("free", 1.0, None, None, None))
    assert "cannot be told" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_capped_placement_has_the_cap_and_nothing_else_that_the_free_one_lacks() -> None:
    toml = (files("loadtest.starbucks") / "workspace" / "concierge.toml").read_bytes()
    checked = check_workspace(toml, OFFERS, "offers.csv")
    assert checked.catalogue is not None, checked
    placements = checked.catalogue.workspace.placements
    free, capped = placements[PlacementId(FREE)], placements[PlacementId(CAPPED)]
    assert free.channel != capped.channel
    assert (free.slots, free.goal, free.exploration) == (capped.slots, capped.goal, capped.exploration)
    (cap,) = checked.catalogue.workspace.contact_policy
    assert (cap.count, cap.at_most, cap.within, cap.channels) == ("decision", 1, "10d", (capped.channel,))
