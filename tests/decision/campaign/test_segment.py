"""A segment is found by profiles alone; what a profile does not have, it does not meet."""

import pytest

from decision.campaign.segment import PROFILES, Segment, customer_in_key
from decision.keys import customer_subject, profile_key, visitor_subject
from decision.subject.profile import ActivityFigures, Decayed, Profile
from rules.errors import Invalid
from rules.ids import CustomerId, Instant, PlacementId, VisitorId
from tests.decision.small_workspace import DAY, NOW, small_snapshot

GOLD = Profile({"tier": "gold", "age": 40})
SILVER = Profile({"tier": "silver"})
REGULAR = Profile(
    {}, {"brand": {"Alba": Decayed(3.0, NOW)}}, {"stays": ActivityFigures(3, 100.0, Instant(NOW - 10 * DAY))}
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ('customer.tier == "gold"', [GOLD]),
        ("customer.age > 30", [GOLD]),
        ("!(customer.age > 30)", []),
        ("!has(customer.age)", [SILVER, REGULAR, Profile()]),
        ("activity.stays.frequency > 2 && 'Alba' in affinity.brand", [REGULAR]),
        ("true", [GOLD, SILVER, REGULAR, Profile()]),
        ('trait.preferred_brand == "Alba"', [REGULAR]),
        ("now > timestamp('2026-01-01T00:00:00Z')", [GOLD, SILVER, REGULAR, Profile()]),
    ],
)
def test_profiles_that_meet_a_condition(condition: str, met: list[Profile]) -> None:
    segment = Segment.of(condition, small_snapshot(), PlacementId("mail"))
    assert [profile for profile in (GOLD, SILVER, REGULAR, Profile()) if segment.holds(profile, NOW)] == met


@pytest.mark.parametrize(
    "condition",
    ["offer.price > 1.0", "context.party > 1", "contacts.shown > 1", "customer.tier", "customer.tire == 'x'"],
)
def test_what_no_profile_says_is_refused(condition: str) -> None:
    with pytest.raises(Invalid, match="--segment"):
        Segment.of(condition, small_snapshot(), PlacementId("mail"))


def test_keys_of_profiles_tell_whose_they_are() -> None:
    key = profile_key(customer_subject(CustomerId("c{1}:é")))
    assert key.startswith(PROFILES)
    assert customer_in_key(key) == "c{1}:é"
    assert not profile_key(visitor_subject(VisitorId("v"))).startswith(PROFILES)
