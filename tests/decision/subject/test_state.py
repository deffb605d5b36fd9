"""What is known of somebody is read in one ask, or in as many as their links need, and is what the links say."""

from collections.abc import Sequence

import pytest

from decision.keys import customer_subject, visitor_subject
from decision.store.memory import MemoryStore
from decision.subject.contacts import Contacts, Seen
from decision.subject.identities import Identities
from decision.subject.profile import EMPTY_PROFILE, Profile, decode_profile, encode_profile
from decision.subject.profiles import Profiles
from decision.subject.state import NOBODY, Person, SubjectStates
from rules.contact import contact_record
from rules.ids import CustomerId, Instant, OfferId, VisitorId
from tests.decision.small_workspace import small_files

ANN, BOB, CAT = CustomerId("ann"), CustomerId("bob"), CustomerId("cat")
V1, V2, V3, V4 = (VisitorId(f"v{n}") for n in range(1, 5))
NOW = Instant(1_790_000_000_000)
PEOPLE: list[Person] = [
    (None, None), (ANN, None), (ANN, V1), (ANN, V4), (None, V1), (None, V2), (None, V3), (None, V4),
    (BOB, None), (BOB, V1), (CAT, None), (None, VisitorId("unknown")), (CustomerId("unknown"), None),
]  # fmt: skip


class Counting(MemoryStore):
    """The store in memory, which counts how often it is asked for values."""

    asks = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.asks += 1
        return await super().get_many(keys)


@pytest.fixture
async def store() -> Counting:
    """Ann is linked to V1 and V2, and a left-over names V1 as Bob's too; V3 is nobody's; of V4 nothing is known."""
    store = Counting(lambda: NOW / 1000)
    identities, profiles, contacts = Identities(store, 90), Profiles(store, 90, 90), Contacts(store, 90, 90)
    for subject, profile in (
        (customer_subject(ANN), Profile({"tier": "gold"}, consents={"email": True})),
        (visitor_subject(V1), Profile({"tier": "basic", "country": "PRT"})),
        (visitor_subject(V3), Profile({"country": "FRA"})),
        (customer_subject(BOB), Profile({"tier": "silver"})),
    ):
        await profiles.replace(subject, profile)
    for place, subject in enumerate((customer_subject(ANN), visitor_subject(V2), customer_subject(CAT))):
        await contacts.add(subject, [contact_record(NOW, OfferId(f"o{place}"), "click", "web", 1)])
    for visitor in (V1, V2):
        await identities.link(visitor, ANN, "login", NOW)
    await store.put("visitors:{c:bob}", (await store.get_many(["visitors:{c:ann}"]))[0] or b"")
    store.asks = 0
    return store


async def test_without_links_one_ask_is_enough(store: Counting) -> None:
    states, workspace = SubjectStates(store), small_files()[0]
    wanted: list[tuple[int, Person]] = [(0, (None, None)), (1, (CAT, None)), (1, (None, V3)), (2, (ANN, None))]
    for asks, person in [*wanted, (3, (None, V1))]:
        store.asks = 0
        await states.load(*person, workspace)
        assert (person, store.asks) == (person, asks)


async def test_the_subject_is_who_the_links_say(store: Counting) -> None:
    states, identities, workspace = SubjectStates(store), Identities(store, 90), small_files()[0]
    for person in PEOPLE:
        assert (await states.load(*person, workspace)).subject == await identities.resolve(*person)


async def test_many_are_read_as_each_of_them_in_no_more_asks_than_one(store: Counting) -> None:
    states, workspace = SubjectStates(store), small_files()[0]
    alone = [await states.load(*person, workspace) for person in PEOPLE]
    store.asks = 0
    assert await states.load_all(PEOPLE, workspace) == alone
    # Whose visitors' pasts are read once more, after the customers' own.
    assert store.asks == 2
    assert await states.load_all(PEOPLE[4:8:2], workspace) == alone[4:8:2]
    assert store.asks == 5


async def test_the_blob_is_the_stored_one_unless_profiles_were_merged(store: Counting) -> None:
    states, workspace = SubjectStates(store), small_files()[0]
    people: list[Person] = [(ANN, None), (BOB, None), (CAT, None), (None, None)]
    ann, bob, cat, nobody = await states.load_all(people, workspace)
    assert ann.profile == Profile({"tier": "gold", "country": "PRT"}, consents={"email": True})
    assert ann.blob == encode_profile(ann.profile)
    assert [bob.blob] == await store.get_many(["profile:{c:bob}"])
    assert decode_profile(cat.blob) == cat.profile == EMPTY_PROFILE
    assert (ann.known, bob.known, cat.known, nobody.known) == (True, True, True, False)
    assert nobody == NOBODY


async def test_the_owners_own_contacts_come_first(store: Counting) -> None:
    states, workspace = SubjectStates(store), small_files()[0]
    ann, visitor = await states.load(ANN, None, workspace), await states.load(None, V2, workspace)
    histories = await store.get_many(["contacts:{c:ann}", "contacts:{v:v1}", "contacts:{v:v2}"])
    assert ann.contacts == visitor.contacts == b"".join(history or b"" for history in histories)
    assert ann.owned == len(histories[0] or b"") == 24
    assert ann.seen == Seen(24, histories[0] or b"")
