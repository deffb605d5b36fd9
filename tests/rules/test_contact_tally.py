import inspect
from collections import Counter as Tally
from pathlib import Path
from typing import Any, NamedTuple, cast
from zlib import crc32

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import array_block
from rules.column import make_column
from rules.contact import contact_record, read_contacts
from rules.contact_counter import ContactCounters
from rules.contact_policy import PolicyBook
from rules.contact_standing import Standing
from rules.contact_tally import OVERTAKEN, ContactTally, _count
from rules.ids import Instant, OfferId, PolicyId
from rules.offer import OfferTable
from rules.workspace import CHANNELS, Channel, ContactPolicy, Counter

NOW = Instant(10**12)
HOUR = 3_600_000
IDS = tuple(OfferId(f"offer-{number}") for number in range(6))
THEMES = ("spa", "club", None, "spa", "golf", "club")
OFFERS = OfferTable(
    IDS, {"id": make_column("string", IDS), "theme": make_column("string", THEMES)}, tuple({} for _ in IDS)
)
CANDIDATES = np.array([0, 1, 2, 4], np.intp)


class Contact(NamedTuple):
    hours: float
    offer: str
    kind: str
    channel: Channel
    tag: int = 0


CONTACTS = st.lists(
    st.builds(
        Contact,
        st.sampled_from([-1.0, -0.001, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 23.999, 24.0, 30.0]),
        st.sampled_from([*IDS, "gone"]),
        st.sampled_from(["decision", "decision", "booking", "click", "impression"]),
        st.sampled_from(CHANNELS),
        st.integers(1, 3),
    ),
    max_size=12,
)
ENTRIES = st.lists(
    st.builds(
        ContactPolicy,
        id=st.just(PolicyId("p")),
        count=st.sampled_from(["decision", "booking", "impression"]),
        at_most=st.integers(1, 3),
        within=st.sampled_from(["1h", "24h"]),
        per=st.sampled_from([None, "id", "theme"]),
        channels=st.sets(st.sampled_from(CHANNELS), min_size=1).map(lambda some: tuple(sorted(some))),
        unless=st.sampled_from([(), (), ("click",), ("booking", "click")]),
        rest=st.sampled_from([None, "1h", "2h", "24h"]),
        pending=st.sampled_from([None, "30h", "1h", "2h"]),
    ),
    max_size=4,
)


def history_of(contacts: list[Contact]) -> bytes:
    return b"".join(
        contact_record(
            Instant(NOW - int(contact.hours * HOUR)),
            OfferId(contact.offer),
            contact.kind,
            contact.channel,
            1,
            contact.tag,
        )
        for contact in contacts
    )


def value_of(offer: str, per: str) -> str | None:
    if offer == "gone":
        return None
    return offer if per == "id" else THEMES[IDS.index(OfferId(offer))]


def counted(contacts: list[Contact], entry: ContactPolicy) -> list[Contact]:
    """The contacts that an entry counts, whatever they are about."""
    span = int(entry.within[:-1]) * HOUR
    return [
        contact
        for contact in contacts
        if contact.kind == entry.count
        and contact.channel in entry.channels
        and -OVERTAKEN <= int(contact.hours * HOUR) < span
    ]


def standing_by_hand(contacts: list[Contact], entry: ContactPolicy, row: int) -> Standing:
    """Where an entry stands for one offer, as its documentation says it."""
    value = None if entry.per is None else value_of(IDS[row], entry.per)
    about = [each for each in contacts if entry.per is None or (value and value_of(each.offer, entry.per) == value)]
    known = [(each, NOW - int(each.hours * HOUR)) for each in about if int(each.hours * HOUR) >= -OVERTAKEN]
    response = max((at for each, at in known if each.kind in entry.unless), default=None)
    counts = sorted(
        min(at, NOW)
        for each, at in known
        if each.kind == entry.count and each.channel in entry.channels and (response is None or at > response)
    )
    within, rest = (int((text or "0h")[:-1]) * HOUR for text in (entry.within, entry.rest))
    current: list[int] = []
    rests_until = None
    for at in counts:
        current.append(at)
        if rest and len([each for each in current if each > at - within]) == entry.at_most:
            rests_until, current = at + rest, []
    last = None if response is None else Instant(response)
    pending = pending_by_hand(contacts, about, entry)
    if rests_until is not None and rests_until > NOW:
        return Standing(entry.at_most + pending, Instant(rests_until), last, pending)
    return Standing(len([each for each in current if each > NOW - within]) + pending, None, last, pending)


def pending_by_hand(contacts: list[Contact], about: list[Contact], entry: ContactPolicy) -> int:
    """How many impressions may still come of what was decided."""
    if entry.count != "impression":
        return 0
    seen = {(each.offer, each.tag) for each in contacts if each.kind == "impression"}
    waits = int((entry.pending or "1h")[:-1]) * HOUR
    return len(
        [
            each
            for each in about
            if each.kind == "decision"
            and -OVERTAKEN <= int(each.hours * HOUR) < waits
            and each.channel in entry.channels
            and (each.offer, each.tag) not in seen
        ]
    )


@settings(max_examples=400)
@given(CONTACTS, CONTACTS, ENTRIES)
def test_an_entry_stands_for_each_candidate_where_it_stands_by_hand(
    contacts: list[Contact], of_a_visitor: list[Contact], entries: list[ContactPolicy]
) -> None:
    tally = ContactTally.of(entries, OFFERS)
    book = PolicyBook.of(entries, tally.stretches, OFFERS.take(CANDIDATES))
    joined = [*contacts, *of_a_visitor]
    history = read_contacts(history_of(joined))
    counts, standings = tally.count(history, NOW), tally.standings(history, NOW)
    for column, (entry, policy) in enumerate(zip(entries, book.policies, strict=True)):
        for row, place in zip(CANDIDATES, policy.candidates.tolist(), strict=True):
            expected = standing_by_hand(joined, entry, int(row))
            assert standings.of(column, place) == expected
            assert place < 0 or counts[policy.stretch][place] == expected.count


@given(CONTACTS, ENTRIES)
def test_counters_count_as_counting_by_hand(contacts: list[Contact], entries: list[ContactPolicy]) -> None:
    counters = {
        f"c{number}": Counter(entry.count, entry.within, entry.per, entry.channels)
        for number, entry in enumerate(entries)
    }
    tally = ContactTally.of([*counters.values()], OFFERS)
    figures = ContactCounters.of(counters, tally.stretches, OFFERS).tell(
        tally.count(read_contacts(history_of(contacts)), NOW)
    )
    expected: dict[str, object] = {}
    for number, entry in enumerate(entries):
        relevant = counted(contacts, entry)
        if entry.per is None:
            expected[f"contacts.c{number}"] = len(relevant)
        else:
            values = (value_of(each.offer, entry.per) for each in relevant)
            expected[f"contacts.c{number}"] = dict(Tally(value for value in values if value is not None))
    assert figures == expected


def test_an_unknown_history_tells_of_no_contacts() -> None:
    counters = {"all": Counter("decision", "1d"), "themes": Counter("decision", "1d", "theme")}
    bound = ContactCounters.of(counters, ContactTally.of([*counters.values()], OFFERS).stretches, OFFERS)
    assert bound.tell(None) == {"contacts.all": 0, "contacts.themes": {}}


def test_a_catalogue_without_offers_counts_contacts_with_offers_that_are_gone() -> None:
    nothing = OfferTable((), {"id": make_column("string", ()), "theme": make_column("string", ())}, ())
    counters = {"all": Counter("decision", "1d"), "themes": Counter("decision", "1d", "theme")}
    tally = ContactTally.of([*counters.values()], nothing)
    history = read_contacts(contact_record(NOW, IDS[0], "decision", "email", 1))
    told = ContactCounters.of(counters, tally.stretches, nothing).tell(tally.count(history, NOW))
    assert told == {"contacts.all": 1, "contacts.themes": {}}


def test_a_channel_without_a_name_counts_only_where_all_channels_do() -> None:
    record = bytearray(contact_record(NOW, IDS[0], "decision", "web", 1))
    record[20] = 77
    everywhere, on_some = Counter("decision", "1d"), Counter("decision", "1d", channels=CHANNELS[:3])
    assert ContactTally.of([everywhere, on_some], OFFERS).count(read_contacts(bytes(record)), NOW).tolist() == [1, 0]


def test_another_kind_of_block_is_another_kernel_to_the_cache_on_disk() -> None:
    text = Path(array_block.__file__).read_bytes()
    assert inspect.getclosurevars(cast(Any, _count).py_func).nonlocals == {"block_file": crc32(text)}
