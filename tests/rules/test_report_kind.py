from rules.ids import GoalId, PolicyId
from rules.report_kind import event_kinds, outcome_kinds
from rules.workspace import Activity, Affinity, Attributes, ContactPolicy, Counter, Goal, Workspace

WORKSPACE = Workspace(
    "test",
    Attributes(),
    {},
    {GoalId("stay"): Goal("accept", "7d")},
    affinities={"brand": Affinity("brand", "brand", "1d", {"view": 1.0, "click": 2.0})},
    activities={"stays": Activity(("booking",))},
    counters={"seen": Counter("impression", "7d")},
    contact_policy=(ContactPolicy(PolicyId("p"), "decline", 1, "7d", unless=("visit",)),),
)


def test_a_kind_is_used_by_whatever_names_it() -> None:
    assert event_kinds(WORKSPACE) == {"view", "click", "booking"}
    assert outcome_kinds(WORKSPACE) == {"accept", "view", "click", "impression", "decline", "visit"}
