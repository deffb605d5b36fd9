from functools import reduce
from itertools import permutations

import numpy as np
import pytest

from decision.journal.record import EventRecord, OutcomeRecord
from decision.subject.activity import recency
from decision.subject.changing import apply_event, apply_outcome, patch_profile
from decision.subject.profile import EMPTY_PROFILE, ActivityFigures, AttributeValue, Decayed, Profile
from rules.attribute import MOST_ITEMS
from rules.errors import Invalid
from rules.ids import DecisionId, Instant, OfferId
from rules.offer import Column, OfferTable
from rules.workspace import Activity, Affinity, Attributes, Workspace

DAY = 86_400_000
WORKSPACE = Workspace(
    "test",
    Attributes(),
    {},
    {},
    affinities={
        "brand": Affinity("brand", "brand", "1d", {"view": 1.0, "booking": 8.0, "accept": 4.0}),
        "tag": Affinity("tags", "tags", "2d", {"view": 1.0, "decline": -1.0}),
    },
    activities={"stays": Activity(("booking",)), "browsing": Activity(("view", "search"))},
)
OFFERS = OfferTable(
    (OfferId("one"), OfferId("two")),
    {
        "brand": Column("string", np.array([1, 0], np.int32), np.array([True, False]), ("A", "B")),
        "tags": Column("list", np.array([[True, True], [False, True]]), np.array([True, True]), ("sea", "spa")),
    },
    ({}, {}),
)


def event(kind: str, day: int, value: float | None = None, **attributes: AttributeValue) -> EventRecord:
    return EventRecord("e", Instant(0), Instant(day * DAY), None, None, kind, attributes, value)


def outcome(kind: str, day: int) -> OutcomeRecord:
    return OutcomeRecord("o", Instant(0), Instant(day * DAY), DecisionId("d"), OfferId("one"), kind, None, None)


def learn(*events: EventRecord) -> Profile:
    return reduce(lambda profile, happened: apply_event(profile, WORKSPACE, happened), events, EMPTY_PROFILE)


def test_events_teach_affinities_and_activities() -> None:
    profile = learn(event("view", 0, brand="A", tags=["sea", "spa", "sea"]), event("booking", 1, 250.0, brand="A"))
    assert profile.affinities == {
        "brand": {"A": Decayed(8.5, Instant(DAY))},
        "tag": {"sea": Decayed(1.0, Instant(0)), "spa": Decayed(1.0, Instant(0))},
    }
    assert profile.activities == {
        "browsing": ActivityFigures(1, 0.0, Instant(0)),
        "stays": ActivityFigures(1, 250.0, Instant(DAY)),
    }


def test_the_order_of_arrival_does_not_matter() -> None:
    events = [event("view", 0, brand="A"), event("booking", 2, 10.0, brand="A"), event("view", 5, brand="B")]
    profiles = [learn(*order) for order in permutations(events)]
    for profile in profiles:
        assert profile.activities == profiles[0].activities
        for value, entry in profiles[0].affinities["brand"].items():
            assert profile.affinities["brand"][value].at == entry.at
            assert profile.affinities["brand"][value].weight == pytest.approx(entry.weight)


def test_unknown_kinds_and_absent_values_teach_nothing() -> None:
    assert learn(event("yawn", 0, brand="A"), event("booking", 0)).affinities == {}


def test_an_outcome_teaches_by_the_offer_it_is_about() -> None:
    accepted = apply_outcome(EMPTY_PROFILE, WORKSPACE, outcome("accept", 3), OFFERS, 0)
    assert accepted.affinities == {"brand": {"B": Decayed(4.0, Instant(3 * DAY))}}
    assert accepted.activities == {}
    declined = apply_outcome(EMPTY_PROFILE, WORKSPACE, outcome("decline", 3), OFFERS, 1)
    assert declined.affinities == {"tag": {"spa": Decayed(-1.0, Instant(3 * DAY))}}
    assert apply_outcome(EMPTY_PROFILE, WORKSPACE, outcome("accept", 3), OFFERS, 1).affinities == {}


def test_a_change_leaves_the_old_profile_as_it_was() -> None:
    before = learn(event("view", 0, brand="A"))
    learned = dict(before.affinities["brand"])
    apply_event(before, WORKSPACE, event("view", 1, brand="A"))
    assert before.affinities == {"brand": learned}


def test_a_patch_sets_removes_and_reaches_into_maps() -> None:
    profile = Profile({"tier": "gold", "age": 40, "points": {"a": 1.0, "b": 2.0}}, {}, {}, {"email": True, "app": True})
    patched = patch_profile(
        profile,
        {"tier": None, "country": "PT", "points": {"b": None, "c": 3.0}, "gone": None, "new": {"x": 1.0, "y": None}},
        {"email": False, "app": None},
    )
    assert patched.attributes == {"age": 40, "country": "PT", "points": {"a": 1.0, "c": 3.0}, "new": {"x": 1.0}}
    assert patched.consents == {"email": False}


def test_recency_counts_days_and_never_goes_below_zero() -> None:
    figures = ActivityFigures(1, 0.0, Instant(2 * DAY))
    assert recency(figures, Instant(5 * DAY)) == 3.0
    assert recency(figures, Instant(0)) == 0.0


def test_merging_may_not_grow_a_profile_without_end() -> None:
    points = {f"p{key}": 1.0 for key in range(MOST_ITEMS)}
    full = patch_profile(EMPTY_PROFILE, {"points": points}, {f"c{name}": True for name in range(MOST_ITEMS)})
    assert patch_profile(full, {"points": {"p0": None, "new": 2.0}}, {"c0": False}).attributes["points"]
    with pytest.raises(Invalid) as refusal:
        patch_profile(full, {"points": {"new": 2.0}}, {"new": True})
    assert [fault.field for fault in refusal.value.faults] == ["attributes.points", "consents"]
