"""One process of writers: `writing.py URL WRITERS EVENTS NAME` lets that many clients count events for one customer."""

import asyncio
import sys

from decision.keys import customer_subject
from decision.store.redis import RedisStore
from decision.subject.profile import ActivityFigures, Profile
from decision.subject.profiles import Profiles
from rules.ids import CustomerId, Instant

SUBJECT = customer_subject(CustomerId("ann"))


def count(profile: Profile) -> Profile:
    """One more view."""
    before = profile.activities.get("views", ActivityFigures(0, 0.0, Instant(0)))
    after = ActivityFigures(before.count + 1, before.value + 1.0, Instant(1))
    activities = {**profile.activities, "views": after}
    return Profile(profile.attributes, profile.affinities, activities, profile.consents)


async def write(url: str, writers: int, events: int, name: str) -> None:
    """Every writer has a connection of its own; every event is sent twice, as by a caller who saw no answer."""

    async def writer(number: int) -> int:
        store = RedisStore.connect(url)
        profiles = Profiles(store, visitor_days=1, repeat_days=1)
        counted = 0
        for event in range(events):
            marks = [f"{name}-{number}-{event}"]
            twice = await asyncio.gather(*(profiles.change(SUBJECT, count, marks) for _ in range(2)))
            counted += sum(profile is not None for profile in twice)
        await store.close()
        return counted

    print(sum(await asyncio.gather(*(writer(number) for number in range(writers)))), flush=True)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
