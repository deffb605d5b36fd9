"""The race's volume limit: a unit for each offer of its theme that a decision shows, whoever was told of it."""

from loadtest.race.caps import offers, workspace
from loadtest.race.limit import Limit, units
from rules.check import check_workspace


def test_the_limit_can_be_published() -> None:
    checked = check_workspace(workspace((), Limit("season-0", 7).entry).encode(), offers().encode(), "offers.csv")
    assert checked.catalogue is not None, checked.findings
    (limit,) = checked.catalogue.workspace.volume
    assert (limit.id, limit.at_most, limit.offers) == ("season-0", 7, "offer.theme == 'golf'")


def test_what_two_callers_were_told_is_one_unit() -> None:
    assert units([("d", "golf-1"), ("d", "golf-1"), ("e", "golf-1"), ("e", "golf-2"), ("e", "spa-1")]) == 3
