"""A segment is found by profiles alone; what a profile does not have, it does not meet."""

import asyncio
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from decision.campaign.beginning import Wish, plan_order
from decision.campaign.hands import Crew, Hands
from decision.campaign.searching import search
from decision.campaign.segment import PROFILES, Segment, customer_in_key
from decision.campaign.workshop import Job
from decision.keys import customer_subject, profile_key, visitor_subject
from decision.settings import Settings
from decision.store.port import Put
from decision.store.redis import RedisStore
from decision.subject.profile import ActivityFigures, Decayed, Profile
from rules.errors import Invalid
from rules.ids import CustomerId, Instant, PlacementId, VisitorId
from tests.decision.campaign.hall import Hall
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


async def test_a_search_outlives_a_process_and_counts_damaged_profiles(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(30)
    await valkey_store.write([Put(profile_key(customer_subject(guests[4])), b"\xff damaged", None)])
    died: list[str] = []

    class Dying(ThreadPoolExecutor):
        """The first one is dead."""

        def submit(self, *arguments, **named) -> Future:  # type: ignore[no-untyped-def,type-arg]
            if not died:
                raise BrokenExecutor("killed")
            return super().submit(*arguments, **named)

    wish = Wish("true", "d", PlacementId("home"), tmp_path / "o", NOW)
    order, _ = await plan_order(wish, valkey_store)
    job = Job(order, Settings(store=valkey_url, data=str(hall.data)))
    looked: list[int] = []
    with Hands(Crew(lambda: Dying(1), 1), died.append) as hands:
        pages = [found async for found in search(job, "true", valkey_store, hands, looked.append, asyncio.Event())]
    assert len(died) == 1
    assert sum(looked) == 30
    assert {name for page in pages for name in page.customers} == {*guests} - {guests[4]}
    assert {name for page in pages for name in page.unreadable} == {guests[4]}
