"""Packed profiles are the same profiles, shorter, whatever catalogue they were packed for; damage to them is said."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from decision.composition import compose
from decision.keys import SubjectId
from decision.service.question import ProfileForm
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.subject.dictionary import MOST, profile_dictionary
from decision.subject.packing import LOOKED_AFTER, Packing
from decision.subject.packing import MOST as MOST_PACKED
from decision.subject.profile import ActivityFigures, Decayed, Profile, encode_profile
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from rules.errors import Damaged, Unavailable
from rules.ids import CustomerId, Instant
from tests.decision.small_workspace import FOLDER, small_catalogue, small_files

ANN = SubjectId("c:ann")
NOW = Instant(1_790_000_000_000)
PROFILE = Profile(
    {"member": True, "tier": "gold", "country": "PRT"},
    {"brand": {"Alba": Decayed(2.5, NOW), "Boreal": Decayed(1.0, NOW), "elsewhere": Decayed(0.1, Instant(5))}},
    {"stays": ActivityFigures(3, 700.25, NOW)},
    {"email": True},
)


async def test_gives_back_what_was_packed_and_is_shorter() -> None:
    packing = Packing(MemoryStore())
    await packing.use(small_catalogue())
    for profile in (PROFILE, Profile(), Profile({"unheard of": "ü" * 5000}), Profile({"x": float("nan")})):
        blob = encode_profile(profile)
        assert await packing.unpack(packing.pack(blob)) == blob
    blob = encode_profile(PROFILE)
    assert len(packing.pack(blob)) < 0.8 * len(blob)


async def test_a_profile_outlives_the_catalogue_it_was_packed_for() -> None:
    store = MemoryStore()
    packing = Packing(store)
    profiles = Profiles(store, 90, 90, packing)
    await packing.use(small_catalogue())
    await profiles.replace(ANN, PROFILE)
    (stored,) = await store.get_many(["profile:{c:ann}"])
    assert stored is not None
    assert stored != encode_profile(PROFILE)
    # Another worker, which serves something else or nothing yet.
    later = Packing(store)
    assert await Profiles(store, 90, 90, later).load([ANN]) == [PROFILE]
    await later.use(small_catalogue({"attributes": {"customer": {"new": {"type": "string"}}}}, "next"))
    assert later.pack(encode_profile(PROFILE))[:5] != stored[:5]
    changed = await Profiles(store, 90, 90, later).change(ANN, lambda profile: profile)
    assert changed == PROFILE
    assert await profiles.load([ANN]) == [PROFILE]


async def test_the_engine_sees_the_unpacked_blob() -> None:
    store = MemoryStore()
    packing = Packing(store)
    await packing.use(small_catalogue())
    await Profiles(store, 90, 90, packing).replace(ANN, PROFILE)
    for people in ([(CustomerId("ann"), None)], [(CustomerId("ann"), None), (None, None)]):
        state = (await SubjectStates(store).load_all(people, small_files()[0]))[0]
        assert (state.profile, state.blob) == (PROFILE, encode_profile(PROFILE))
    alone = await SubjectStates(store).load(CustomerId("ann"), None, small_files()[0])
    assert alone == state


async def test_whatever_is_composed_packs_once_it_serves(tmp_path: Path) -> None:
    store = MemoryStore()
    service = compose(store, Settings(data=str(tmp_path)), lambda: NOW)
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    more = toml.replace(b"[attributes.customer]", b'[attributes.customer]\nshoe = { type = "int" }')
    names: list[bytes] = []
    for customer, published in (("a", toml), ("b", more), ("c", None)):
        if published is None:
            await service.publishing.rollback("catalogue")
        else:
            await service.publishing.publish_workspace(published, offers, "offers.csv")
        await service.refresher.refresh()
        answer = await service.customers.put(CustomerId(customer), ProfileForm({"tier": "gold"}, {"email": True}))
        assert answer.attributes == {"tier": "gold"}
        (stored,) = await store.get_many([f"profile:{{c:{customer}}}"])
        assert stored is not None
        names.append(stored[:5])
    assert names[0] == names[2] != names[1]
    # A rollback takes nothing away, and a new worker reads all of them.
    later = await Profiles(store, 90, 90).load([SubjectId(f"c:{customer}") for customer in "abc"])
    assert later == [Profile({"tier": "gold"}, consents={"email": True})] * 3


async def test_a_dictionary_never_takes_the_place_of_another() -> None:
    packing = Packing(MemoryStore())
    await packing.use(small_catalogue())
    key = f"profiles:dictionary:{packing.pack(encode_profile(PROFILE))[1:5].hex()}"
    store = MemoryStore()
    await store.put(key, b"what is here by chance")
    packing = Packing(store)
    await packing.use(small_catalogue())
    packed = packing.pack(encode_profile(PROFILE))
    assert await store.get_many([key]) == [b"what is here by chance"]
    assert await Packing(store).unpack(packed) == encode_profile(PROFILE)
    other = Packing(store)
    await other.use(small_catalogue())
    assert other.pack(encode_profile(PROFILE)) == packed


async def test_what_is_known_is_read_without_asking_and_the_rest_is_left_to_whoever_asks() -> None:
    store = MemoryStore()
    packing, stranger = Packing(store), Packing(store)
    await packing.use(small_catalogue())
    blob = encode_profile(PROFILE)
    packed = packing.pack(blob)
    assert packing.read_known(packed) == packing.read_known(blob) == (PROFILE, blob)
    assert stranger.read_known(packed) is None
    assert await stranger.read(ANN, packed) == (PROFILE, blob)
    assert stranger.read_known(packed) == (PROFILE, blob)
    for damaged in (packed[:-1], packed[:7], b"no profile"):
        assert packing.read_known(damaged) is None


async def test_a_lost_dictionary_is_said_and_put_back_while_it_is_used() -> None:
    store = MemoryStore()
    packing = Packing(store)
    await packing.use(small_catalogue())
    packed = packing.pack(encode_profile(PROFILE))
    await store.delete([f"profiles:dictionary:{packed[1:5].hex()}"])
    with pytest.raises(Damaged, match="profiles:dictionary:"):
        await Packing(store).unpack(packed)
    for _ in range(LOOKED_AFTER):
        await packing.use(small_catalogue())
    assert await Packing(store).unpack(packed) == encode_profile(PROFILE)


class Counting(MemoryStore):
    """The store in memory, which counts how often it is asked for values, and may forget what it is given."""

    asks = 0
    forgets = False

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.asks += 1
        return await super().get_many(keys)

    async def put_if_absent(self, key: str, value: bytes, ttl: int | None = None) -> bool:
        return self.forgets or await super().put_if_absent(key, value, ttl)


async def test_a_dictionary_that_is_there_is_hardly_ever_read_again() -> None:
    store = Counting()
    packing = Packing(store)
    for _ in range(LOOKED_AFTER):
        await packing.use(small_catalogue())
    assert store.asks == 2
    await packing.use(small_catalogue())
    assert store.asks == 3


async def test_a_store_that_keeps_no_dictionary_is_given_up_and_its_profiles_stay_unpacked() -> None:
    store = Counting()
    store.forgets = True
    packing = Packing(store)
    for _ in range(2):
        with pytest.raises(Unavailable, match="profiles:dictionary:"):
            await packing.use(small_catalogue())
    assert packing.pack(encode_profile(PROFILE)) == encode_profile(PROFILE)
    store.forgets = False
    await packing.use(small_catalogue())
    assert packing.pack(encode_profile(PROFILE)) != encode_profile(PROFILE)


async def test_any_flipped_bit_and_any_cut_of_a_packed_profile_is_said() -> None:
    packing = Packing(MemoryStore())
    await packing.use(small_catalogue())
    packed = packing.pack(encode_profile(PROFILE))
    flipped = [
        packed[:at] + bytes([packed[at] ^ 1 << bit]) + packed[at + 1 :] for at in range(len(packed)) for bit in range(8)
    ]
    for damaged in (*flipped, *(packed[:length] for length in range(1, len(packed)))):
        try:
            profile, _ = await packing.read(ANN, damaged)
        except Damaged as error:
            assert "The profile of c:ann" in str(error)  # noqa: PT017
        else:
            # The last bits of deflate are padding.
            assert profile == PROFILE


async def test_what_a_damaged_profile_is_damaged_by_is_said() -> None:
    store = MemoryStore()
    packing, other = Packing(store), Packing(store)
    await packing.use(small_catalogue())
    await other.use(small_catalogue({"attributes": {"customer": {"new": {"type": "string"}}}}, "next"))
    packed, elsewhere = packing.pack(encode_profile(PROFILE)), other.pack(encode_profile(PROFILE))
    bomb = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for damaged, said in (
        (packed[:4], "ends too early"),
        (packed[:20], "ends too early"),
        (packed[:9] + b"\xff" + packed[10:], "cannot be unpacked"),
        (packed[:5] + b"abcd" + packed[9:], "not what was stored"),
        (packed[:1] + b"abcd" + packed[5:], "the store has no profiles:dictionary:61626364"),
        (elsewhere[:5] + packed[5:], "not what was stored|cannot be unpacked"),
        (packed[:9] + bomb.compress(bytes(2 * MOST_PACKED)) + bomb.flush(), "too long"),
        (b"\xff\xffhello", "not a profile"),
        (b"\xff", "not a profile"),
        (encode_profile(PROFILE)[:-1], "not a profile"),
        (msgspec.msgpack.encode(["a", "b"]), "not a profile"),
        (msgspec.msgpack.encode({"a": "b"}), "not a profile"),
        (b"\x91\x81\xa1\xff\x01", "not a profile"),
        (packing.pack(b"\x01"), "not a profile"),
    ):
        with pytest.raises(Damaged, match=said):
            await packing.read(ANN, damaged)


async def test_the_longest_profile_that_is_packed_is_unpacked_and_a_longer_one_is_not_packed() -> None:
    packing = Packing(MemoryStore())
    await packing.use(small_catalogue())
    most = encode_profile(PROFILE).ljust(MOST_PACKED, b"x")
    assert len(packing.pack(most)) < 0.1 * len(most)
    for blob in (most, most + b"x"):
        assert await packing.unpack(packing.pack(blob)) == blob


def test_a_dictionary_is_the_catalogues_own() -> None:
    assert profile_dictionary(small_catalogue()) == profile_dictionary(small_catalogue())
    assert 100 < len(profile_dictionary(small_catalogue())) <= MOST
