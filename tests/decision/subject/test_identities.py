"""Identities: links are found from both sides, lose nothing, and can be taken back."""

import asyncio
from collections.abc import Sequence

from decision.keys import customer_subject, visitor_subject
from decision.store.memory import MemoryStore
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts, Seen
from decision.subject.identities import Identities, Subject
from decision.subject.profile import Profile
from decision.subject.profiles import DAY, Profiles
from rules.contact import LINK_KIND, contact_record, kind_key, read_contacts
from rules.ids import CustomerId, Instant, OfferId, VisitorId

ANN, BOB = CustomerId("ann"), CustomerId("bob")
V1, V2 = VisitorId("v1"), VisitorId("v2")
NOW = Instant(1_790_000_000_000)


def kinds(history: bytes) -> list[str]:
    names = {kind_key(name): name for name in ("click", LINK_KIND)}
    return [names[kind] for kind in read_contacts(history)["kind"].tolist()]


async def test_resolves_whoever_is_named() -> None:
    identities = Identities(MemoryStore(), visitor_days=90)
    assert await identities.resolve(None, None) == Subject(None, None)
    assert await identities.resolve(None, V1) == Subject(None, V1, (V1,))
    assert await identities.resolve(ANN, None) == Subject(ANN, None)
    assert await identities.resolve(ANN, V1) == Subject(ANN, V1)
    assert await identities.link(V1, ANN, "login", NOW) is None
    assert await identities.link(V2, ANN, "newsletter", NOW) is None
    assert await identities.link(V1, ANN, "login", NOW) is None
    assert await identities.resolve(None, V1) == Subject(ANN, V1, (V1, V2))
    assert await identities.resolve(ANN, None) == Subject(ANN, None, (V1, V2))
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
    assert await identities.unlink(V1, NOW) == BOB
    assert await identities.unlink(V1, NOW) is None
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
    await identities.unlink(V2, NOW)
    subjects = [visitor_subject(V1), visitor_subject(V2)]
    assert await profiles.load(subjects) == [Profile({"tier": "v1"}), Profile({"tier": "v2"})]
    now[0] = 13 * DAY
    assert await profiles.load(subjects) == [Profile({"tier": "v1"}), None]
    assert [kinds(blob) for blob in await contacts.load(subjects)] == [["click", LINK_KIND], []]


async def test_a_link_and_its_end_are_in_the_visitors_history_and_count_nowhere() -> None:
    store = MemoryStore()
    identities, contacts = Identities(store, 2), Contacts(store, 2, 1)
    subject = visitor_subject(V1)
    await contacts.add(subject, [contact_record(NOW, OfferId("a"), "click", "web", 1)])
    (before,) = await contacts.load([subject])
    await identities.link(V1, ANN, "login", NOW)
    await identities.link(V1, ANN, "login again", NOW)
    assert not await contacts.add_if(subject, [before], Seen.of(before))
    await identities.unlink(V1, NOW)
    (after,) = await contacts.load([subject])
    assert kinds(after) == ["click", LINK_KIND, LINK_KIND]


async def test_what_still_comes_to_a_linked_visitor_does_not_let_it_be_forgotten() -> None:
    now = [0.0]
    store = MemoryStore(lambda: now[0])
    identities, contacts, subject = Identities(store, 2), Contacts(store, 2, 1), visitor_subject(V1)
    await identities.link(V1, ANN, "login", NOW)
    click = contact_record(NOW, OfferId("a"), "click", "web", 1)
    await contacts.add(subject, [click])
    await contacts.add_each(subject, {"m": click})
    await store.write([contacts.addition(subject, [click])])
    now[0] = 3.0 * DAY
    assert kinds((await contacts.load([subject]))[0]) == [LINK_KIND, *["click"] * 3]


async def test_an_unlink_takes_no_later_link_off_the_list() -> None:
    """The visitor is linked anew while an earlier end of the link has not yet come to the list."""

    class Slow(MemoryStore):
        async def compare_and_put(
            self,
            key: str,
            expected: bytes | None,
            value: bytes | None,
            ttl: int | None = None,
            marks: Sequence[tuple[str, int]] = (),
        ) -> bool:
            await waiting.wait()
            return await super().compare_and_put(key, expected, value, ttl, marks)

    waiting = asyncio.Event()
    waiting.set()
    store = Slow()
    identities = Identities(store, 2)
    await identities.link(V1, ANN, "login", NOW)
    waiting.clear()
    ending = asyncio.create_task(identities.unlink(V1, NOW))
    await asyncio.sleep(0)
    linking = asyncio.create_task(identities.link(V1, ANN, "login", NOW))
    await asyncio.sleep(0)
    waiting.set()
    await asyncio.gather(ending, linking)
    assert await identities.visitors(ANN) == (V1,)


async def test_forgetting_a_customer_forgets_the_visitors_too() -> None:
    store = MemoryStore()
    identities, profiles = Identities(store, 2), Profiles(store, 2, 1)
    await profiles.replace(visitor_subject(V1), Profile({"tier": "gold"}))
    await identities.link(V1, ANN, "login", NOW)
    assert await identities.forget(ANN, NOW) == (V1,)
    assert await identities.find(V1) is None
    assert await identities.visitors(ANN) == ()
    assert await profiles.load([visitor_subject(V1)]) == [None]
