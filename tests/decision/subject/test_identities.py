"""Identities: links are found from both sides, lose nothing, and can be taken back."""

import asyncio

from decision.keys import customer_subject, visitor_subject
from decision.store.memory import MemoryStore
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities, Subject
from decision.subject.profile import Profile
from decision.subject.profiles import DAY, Profiles
from rules.contact import contact_record
from rules.ids import CustomerId, Instant, OfferId, VisitorId

ANN, BOB = CustomerId("ann"), CustomerId("bob")
V1, V2 = VisitorId("v1"), VisitorId("v2")
NOW = Instant(1_790_000_000_000)


async def test_resolves_whoever_is_named() -> None:
    identities = Identities(MemoryStore(), visitor_days=90)
    assert await identities.resolve(None, None) == Subject(None, None)
    assert await identities.resolve(None, V1) == Subject(None, V1, (V1,))
    assert await identities.resolve(ANN, None) == Subject(ANN, None)
    assert await identities.resolve(ANN, V1) == Subject(ANN, V1)
    assert await identities.link(V1, ANN, "login", NOW) is None
    assert await identities.link(V2, ANN, "newsletter", NOW) is None
    assert await identities.link(V1, ANN, "login", NOW) is None
    assert await identities.resolve(None, V1) == Subject(ANN, V1, (V2, V1))
    assert await identities.resolve(ANN, None) == Subject(ANN, None, (V2, V1))
    assert await identities.resolve(BOB, V1) == Subject(BOB, V1)
    found = await identities.find(V1)
    assert found is not None
    assert (found.customer, found.evidence, found.since) == (ANN, "login", NOW)


def test_a_subject_says_who_owns_what_happens_and_whose_past_counts() -> None:
    assert Subject(None, None).owner is None
    assert Subject(None, V1, (V1,)).owner == visitor_subject(V1)
    assert Subject(None, V1, (V1,)).subjects == (visitor_subject(V1),)
    assert Subject(ANN, V1, (V1, V2)).owner == customer_subject(ANN)
    assert Subject(ANN, V1, (V1, V2)).subjects == (customer_subject(ANN), visitor_subject(V1), visitor_subject(V2))


async def test_a_visitor_has_one_customer_the_last_one_said() -> None:
    identities = Identities(MemoryStore(), visitor_days=90)
    await identities.link(V1, ANN, "login", NOW)
    assert await identities.link(V1, BOB, "login", NOW) == ANN
    assert await identities.visitors(ANN) == ()
    assert await identities.visitors(BOB) == (V1,)
    assert await identities.unlink(V1) == BOB
    assert await identities.unlink(V1) is None
    assert await identities.visitors(BOB) == ()
    assert await identities.resolve(None, V1) == Subject(None, V1, (V1,))


async def test_a_list_that_was_not_cleaned_up_does_not_give_a_visitor_two_customers() -> None:
    store = MemoryStore()
    identities = Identities(store, visitor_days=90)
    await identities.link(V1, ANN, "login", NOW)
    await store.put("visitors:{c:bob}", (await store.get_many(["visitors:{c:ann}"]))[0] or b"")
    assert await identities.visitors(BOB) == ()
    assert await identities.visitors(ANN) == (V1,)


async def test_many_links_at_once_are_all_kept(valkey_store: RedisStore) -> None:
    identities = Identities(valkey_store, visitor_days=90)
    visitors = [VisitorId(f"v{n}") for n in range(30)]
    await asyncio.gather(*(identities.link(visitor, ANN, "login", NOW) for visitor in visitors))
    assert set(await identities.visitors(ANN)) == set(visitors)


async def test_a_linked_visitors_past_stays_and_an_unlinked_one_is_forgotten_again() -> None:
    now = [0.0]
    store = MemoryStore(lambda: now[0])
    identities, profiles, contacts = Identities(store, 2), Profiles(store, 2, 1), Contacts(store, 2, 1)
    for visitor in (V1, V2):
        await profiles.replace(visitor_subject(visitor), Profile({"tier": visitor}))
        await contacts.add(visitor_subject(visitor), [contact_record(NOW, OfferId("a"), "click", "web", 1)])
        await identities.link(visitor, ANN, "login", NOW)
    now[0] = 10 * DAY
    await identities.unlink(V2)
    subjects = [visitor_subject(V1), visitor_subject(V2)]
    assert await profiles.load(subjects) == [Profile({"tier": "v1"}), Profile({"tier": "v2"})]
    now[0] = 13 * DAY
    assert await profiles.load(subjects) == [Profile({"tier": "v1"}), None]
    assert [len(blob) for blob in await contacts.load(subjects)] == [24, 0]


async def test_forgetting_a_customer_forgets_the_visitors_too() -> None:
    store = MemoryStore()
    identities, profiles = Identities(store, 2), Profiles(store, 2, 1)
    await profiles.replace(visitor_subject(V1), Profile({"tier": "gold"}))
    await identities.link(V1, ANN, "login", NOW)
    assert await identities.forget(ANN) == (V1,)
    assert await identities.find(V1) is None
    assert await identities.visitors(ANN) == ()
    assert await profiles.load([visitor_subject(V1)]) == [None]
