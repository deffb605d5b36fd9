"""Profiles in the store: no change is lost, none counts twice, and visitors are forgotten."""

import asyncio
import sys

import pytest

from decision.keys import mark_key, visitor_subject
from decision.store.memory import MemoryStore
from decision.store.redis import RedisStore
from decision.subject.profile import EMPTY_PROFILE, Profile
from decision.subject.profiles import DAY, Profiles
from rules.errors import Conflict
from rules.ids import VisitorId
from tests.decision.subject import writing
from tests.decision.subject.writing import SUBJECT, count

VISITOR = visitor_subject(VisitorId("v"))


def _profiles(store: MemoryStore | RedisStore) -> Profiles:
    return Profiles(store, visitor_days=90, repeat_days=35)


async def test_events_of_32_writers_in_4_processes_all_count_once(valkey_url: str, valkey_store: RedisStore) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, writing.__file__, valkey_url, "8", "4", f"p{process}", stdout=asyncio.subprocess.PIPE
        )
        for process in range(4)
    ]
    answers = [await process.communicate() for process in processes]
    assert [int(counted) for counted, _ in answers] == [32, 32, 32, 32]
    (profile,) = await _profiles(valkey_store).load([SUBJECT])
    assert profile is not None
    assert profile.activities["views"].count == 4 * 8 * 4


async def test_events_at_once_in_one_process_all_count(valkey_store: RedisStore) -> None:
    profiles = _profiles(valkey_store)
    await asyncio.gather(*(profiles.change(SUBJECT, count) for _ in range(200)))
    (profile,) = await profiles.load([SUBJECT])
    assert profile is not None
    assert profile.activities["views"].count == 200
    assert profiles._turns._queues == {}


async def test_a_repeated_change_changes_nothing() -> None:
    store = MemoryStore()
    profiles = _profiles(store)
    assert await profiles.change(SUBJECT, count, ["e1", "o1"]) is not None
    assert await profiles.change(SUBJECT, count, ["o1"]) is None
    assert await profiles.change(SUBJECT, count, ["e2"]) is not None
    found = await store.get_many([mark_key(SUBJECT, mark) for mark in ("e1", "e2", "e3")])
    assert [blob is not None for blob in found] == [True, True, False]
    (profile,) = await profiles.load([SUBJECT])
    assert profile is not None
    assert profile.activities["views"].count == 2


async def test_a_mark_counts_though_the_change_left_the_profile_as_it_was() -> None:
    profiles = _profiles(MemoryStore())
    done = await asyncio.gather(*(profiles.change(SUBJECT, lambda profile: profile, ["e1"]) for _ in range(5)))
    assert sum(profile is not None for profile in done) == 1


async def test_unknown_subjects_have_no_profile_and_start_from_the_empty_one() -> None:
    profiles = _profiles(MemoryStore())
    assert await profiles.load([SUBJECT, VISITOR]) == [None, None]
    started: list[Profile] = []
    await profiles.change(SUBJECT, lambda profile: started.append(profile) or profile)  # type: ignore[func-returns-value]
    assert started == [EMPTY_PROFILE]
    assert await profiles.load([VISITOR, SUBJECT]) == [None, EMPTY_PROFILE]


async def test_replaces_and_deletes() -> None:
    profiles = _profiles(MemoryStore())
    await profiles.replace(SUBJECT, Profile({"tier": "gold"}))
    assert await profiles.load([SUBJECT]) == [Profile({"tier": "gold"})]
    assert await profiles.delete(SUBJECT)
    assert not await profiles.delete(SUBJECT)
    assert await profiles.load([SUBJECT]) == [None]


async def test_visitors_are_forgotten_after_their_last_change_and_customers_are_not() -> None:
    now = [1_000_000.0]
    profiles = _profiles(MemoryStore(lambda: now[0]))
    await profiles.change(VISITOR, count)
    await profiles.change(SUBJECT, count)
    now[0] += 89 * DAY
    await profiles.change(VISITOR, count)
    now[0] += 89 * DAY
    assert None not in await profiles.load([VISITOR, SUBJECT])
    now[0] += 2 * DAY
    visitor, customer = await profiles.load([VISITOR, SUBJECT])
    assert visitor is None
    assert customer is not None


async def test_a_profile_that_never_rests_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decision.subject.profiles.ATTEMPTS", 3)

    class Restless(MemoryStore):
        async def compare_and_put(self, *_: object, **__: object) -> bool:
            return False

    with pytest.raises(Conflict, match="try again"):
        await _profiles(Restless()).change(SUBJECT, count)
