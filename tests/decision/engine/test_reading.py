"""What is read straight from an encoded profile is, bit for bit, what the tape takes of the facts."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine import handing_kernel, reading_kernel
from decision.engine.facts import facts_of
from decision.engine.reading import MOST, Reading
from decision.engine.snapshot import ReadyPlacement, Snapshot
from decision.subject.profile import ActivityFigures, Decayed, Profile, decode_profile, encode_profile
from models.feature import string_code
from rules.errors import Damaged
from rules.expression import tape_kernel
from rules.expression.words import Words
from rules.ids import Instant, PlacementId
from tests.decision.small_workspace import DAY, NOW, small_catalogue

READS = (
    "customer.tier",
    "customer.country == offer.destination",
    "customer.country",
    "has(customer.country)",
    "customer.member",
    "has(customer.member) && customer.member",
    "customer.age",
    "customer.spend * 2.0",
    "now - customer.since > duration('240h')",
    "offer.theme in customer.interests",
    "has(customer.interests)",
    "offer.brand in customer.points ? customer.points[offer.brand] : 0.5",
    "customer.favourite_brand == context.device",
    "context.device",
    "context.party",
    "context.destination in affinity.destination",
    "offer.destination in affinity.destination ? affinity.destination[offer.destination] : 0.0",
    "'Alba' in affinity.brand",
    "trait.preferred_brand",
    "trait.preferred_brand == offer.brand",
    "trait.preferred_destination == offer.destination",
    "trait.preferred_destination",
    "trait.preferred_theme == context.destination",
    "has(trait.preferred_theme)",
    "activity.stays.frequency",
    "activity.stays.monetary",
    "activity.browsing.recency",
    "has(activity.stays.recency)",
    "contacts.shown",
    "offer.theme in contacts.theme_shown ? contacts.theme_shown[offer.theme] : 0",
    "context.destination in contacts.theme_shown",
    "now.getMonth()",
    "channel",
    "placement == context.destination",
)
OVERRIDES: dict[str, Any] = {
    "traits": {"preferred_theme": {"affinity": "theme", "declared": "tier", "searching": "device", "blend": 0.3}}
}


@cache
def placements() -> list[tuple[Snapshot, ReadyPlacement, Reading]]:
    """Placements that read all of it, a third of it each, and nothing."""
    found = []
    for reads in (READS, READS[::3], READS[1::3], READS[2::3], ("offer.price",)):
        features = [{"name": f"f{at}", "value": value} for at, value in enumerate(reads)]
        snapshot = Snapshot.build(small_catalogue({**OVERRIDES, "features": features, "rules": []}), {})
        for name in ("home", "mail"):
            ready = snapshot.placement(PlacementId(name))
            assert ready.reading is not None
            found.append((snapshot, ready, ready.reading))
    return found


WORDS = st.sampled_from(
    [
        "Alba",
        "Brisa",
        "Faro",
        "Lisbon",
        "spa",
        "club",
        "gold",
        "web",
        "home",
        "",
        "é",
        "Zürich",
        "日本",
        "x" * 40,
        "ü" * 200,
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 1e-6, -1e-6, 9.99e-7, 1e300, 5e-324])
INTS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 127, 128, 255, 256, -32, -33, -128, -129, 65536, 2**32])
MOMENTS = st.integers(NOW - 400 * DAY, NOW + 3 * DAY) | INTS
MAPS = st.dictionaries(WORDS, NUMBERS, max_size=20)
VALUES = WORDS | NUMBERS | INTS | st.booleans() | st.lists(WORDS, max_size=20) | MAPS
FITTING = {
    "tier": WORDS, "country": WORDS, "favourite_brand": WORDS, "member": st.booleans(), "age": INTS, "spend": NUMBERS,
    "since": INTS, "interests": st.lists(WORDS, max_size=20), "points": MAPS,
}  # fmt: skip
ASKED = {"destination": WORDS, "device": WORDS, "party": INTS}
DECAYED = st.builds(Decayed, NUMBERS | st.sampled_from([1.0, 4.0, 8.0]), MOMENTS | st.just(NOW))
NAMES = st.sampled_from(["brand", "destination", "theme", "unheard of"])
PROFILES = st.builds(
    Profile,
    st.fixed_dictionaries({}, optional=FITTING) | st.dictionaries(st.sampled_from([*FITTING, "other"]), VALUES),
    st.dictionaries(NAMES, st.dictionaries(WORDS, DECAYED, max_size=20)),
    st.dictionaries(
        st.sampled_from(["stays", "browsing", "else"]),
        st.builds(ActivityFigures, st.integers(0, 2**40), NUMBERS, MOMENTS),
    ),
    st.dictionaries(WORDS, st.booleans(), max_size=3),
)
# A list in a context comes as a tuple, as the check of a request makes it.
CONTEXTS = st.fixed_dictionaries({}, optional=ASKED) | st.dictionaries(
    st.sampled_from([*ASKED, "other"]), VALUES.map(lambda value: tuple(value) if isinstance(value, list) else value)
)


def agrees(profile: Profile, blob: bytes, context: dict[str, Any], told: int | None, now: Instant = NOW) -> bool:
    """Whether it was read everywhere; what was read is what is taken of the facts."""
    everywhere = True
    for snapshot, ready, reading in placements():
        size = ready.bound.tally.size
        counts = None if told is None else np.random.default_rng(told).integers(0, 3, size).astype(np.int32)
        taken = reading.take(blob, counts, context, now)
        everywhere = everywhere and taken is not None
        if taken is not None:
            intake = ready.features.program.intake
            assert intake is not None
            words = Words(intake.codes)
            plain = intake.take(facts_of(snapshot.catalogue, ready.bound, profile, counts, context, now), None, words)
            assert taken.inputs[: len(plain)].tobytes() == plain.tobytes()
            assert taken.fresh == len(words.fresh)
            if reading.numbers_words:
                assert taken.numbers == tuple(map(string_code, words.fresh))
    return everywhere


@settings(max_examples=150, deadline=None)
@given(PROFILES, CONTEXTS, st.none() | st.integers(0, 2**32))
def test_takes_what_is_taken_of_the_facts(profile: Profile, context: dict[str, Any], told: int | None) -> None:
    moments = [one.at for values in profile.affinities.values() for one in values.values()]
    moments += [one.last for one in profile.activities.values()]
    # Only moments so far away that doubles are not exact are left to the plain way.
    near = all(abs(moment) < 2**52 for moment in moments)
    assert agrees(decode_profile(encode_profile(profile)), encode_profile(profile), context, told) or not near


def test_an_empty_value_is_preferred_as_the_facts_have_it() -> None:
    liked = {"": Decayed(0.5, Instant(NOW - 90 * DAY)), "Brisa": Decayed(1.0, Instant(NOW - 90 * DAY))}
    profile = Profile({}, {"brand": liked, "destination": liked, "theme": liked})
    for context in ({}, {"destination": ""}, {"destination": "Brisa", "device": "Alba"}):
        assert agrees(profile, encode_profile(profile), context, None)


@settings(max_examples=300, deadline=None)
@given(PROFILES, st.data())
def test_whatever_else_a_blob_is_is_left_to_the_plain_way(profile: Profile, data: st.DataObject) -> None:
    blob = bytearray(encode_profile(profile))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob) - 1))
        match data.draw(st.sampled_from(["change", "cut", "add"])):
            case "change":
                blob[at] = data.draw(st.sampled_from([0x81, 0x92, 0xA1, 0xC0, 0xCA, 0xCF, 0xD9, 0xDB, 0xDD, 0xDF]))
            case "cut":
                del blob[at + 1 :]
            case _:
                blob.insert(at, data.draw(st.integers(0, 255)))
    try:
        changed = decode_profile(bytes(blob))
    except Damaged:
        # What such a blob has of words that are none is only seen by whoever decodes them.
        return
    agrees(changed, bytes(blob), {}, 3)


@pytest.mark.parametrize(
    "damage", [b"", b"\x01", b"\x94", b"\x94\x80\x80\x80", b"\x94\x80\x80\x80\x80\x80", b"\xdd" * 9]
)
def test_what_is_no_profile_is_not_read(damage: bytes) -> None:
    for _, _, reading in placements():
        assert reading.take(damage, None, {}, NOW) is None


def test_a_profile_of_an_older_shape_and_a_huge_one_are_read_the_plain_way() -> None:
    _, _, reading = placements()[0]
    whole = encode_profile(Profile({"tier": "gold"}))
    older = b"\x93" + whole[1:-1]
    assert decode_profile(older) == Profile({"tier": "gold"})
    assert reading.take(whole, None, {}, NOW) is not None
    assert reading.take(older, None, {}, NOW) is None
    assert reading.take(encode_profile(Profile({"tier": "x" * MOST})), None, {}, NOW) is None


@pytest.mark.parametrize(
    "name", ["ABSENT", "MAP", "KIND", "VALUE", "LENGTH", "PLACE", "BEGIN", "LONG", "OF_LEXICON", "BITS"]
)
def test_both_kernels_mean_the_same_by_a_number(name: str) -> None:
    assert getattr(handing_kernel, name) == getattr(reading_kernel, name)


def test_the_kernel_and_the_tape_mean_the_same_by_a_state() -> None:
    assert (handing_kernel._WRONG, handing_kernel._TRUE) == (tape_kernel.WRONG, tape_kernel.TRUE)
