from collections import Counter as Tally
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.column import make_column
from rules.contact import contact_record, read_contacts
from rules.contact_counter import ContactCounters
from rules.contact_index import OVERTAKEN, ContactIndex
from rules.contact_policy import PolicyBook
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


CONTACTS = st.lists(
    st.builds(
        Contact,
        st.sampled_from([-1.0, -0.001, 0.0, 0.5, 1.0, 23.999, 24.0, 30.0]),
        st.sampled_from([*IDS, "gone"]),
        st.sampled_from(["decision", "booking"]),
        st.sampled_from(CHANNELS),
    ),
    max_size=12,
)
ENTRIES = st.builds(
    ContactPolicy,
    id=st.just(PolicyId("p")),
    count=st.sampled_from(["decision", "booking"]),
    at_most=st.integers(1, 3),
    within=st.sampled_from(["1h", "24h"]),
    per=st.sampled_from([None, "id", "theme"]),
    channels=st.sets(st.sampled_from(CHANNELS), min_size=1).map(lambda some: tuple(sorted(some))),
)


def history_of(contacts: list[Contact]) -> bytes:
    return b"".join(
        contact_record(
            Instant(NOW - int(contact.hours * HOUR)), OfferId(contact.offer), contact.kind, contact.channel, 1
        )
        for contact in contacts
    )


def value_of(offer: str, per: str) -> str | None:
    return offer if per == "id" else THEMES[IDS.index(OfferId(offer))]


def counted(contacts: list[Contact], kind: str, hours: int, channels: tuple[Channel, ...]) -> list[Contact]:
    return [
        contact
        for contact in contacts
        if contact.kind == kind
        and contact.channel in channels
        and -OVERTAKEN <= int(contact.hours * HOUR) < hours * HOUR
    ]


@given(CONTACTS, ENTRIES)
def test_an_entry_blocks_what_counting_by_hand_blocks(contacts: list[Contact], entry: ContactPolicy) -> None:
    index = ContactIndex.of(OFFERS)
    book = PolicyBook.of([entry], entry.channels[0], index, CANDIDATES)
    history = read_contacts(history_of(contacts))
    relevant = counted(contacts, entry.count, int(entry.within[:-1]), entry.channels)
    blocks = book.blocks(history, NOW)
    for candidate, row in enumerate(CANDIDATES):
        number = len(relevant)
        if entry.per is not None:
            value = value_of(IDS[row], entry.per)
            known = [contact for contact in relevant if contact.offer != "gone"]
            number = sum(1 for each in known if value is not None and value_of(each.offer, entry.per) == value)
        blocked = any(which is True or bool(np.asarray(which)[candidate]) for _, which in blocks)
        assert blocked == (number >= entry.at_most)
        assert book.count(0, candidate, history, NOW) == number


@given(CONTACTS, ENTRIES)
def test_counters_count_as_counting_by_hand(contacts: list[Contact], entry: ContactPolicy) -> None:
    counter = Counter(entry.count, entry.within, entry.per, entry.channels)
    figures = ContactCounters.of({"c": counter}, ContactIndex.of(OFFERS)).count(
        read_contacts(history_of(contacts)), NOW
    )
    relevant = counted(contacts, entry.count, int(entry.within[:-1]), entry.channels)
    if counter.per is None:
        assert figures == {"c": len(relevant)}
    else:
        values = (value_of(each.offer, counter.per) for each in relevant if each.offer != "gone")
        assert figures == {"c": dict(Tally(value for value in values if value is not None))}


def test_an_entry_restricts_only_its_channels() -> None:
    entry = ContactPolicy(PolicyId("mails"), "decision", 1, "1d", channels=("email",))
    index = ContactIndex.of(OFFERS)
    history = read_contacts(contact_record(NOW, IDS[0], "decision", "email", 1))
    assert PolicyBook.of([entry], "web", index, CANDIDATES).blocks(history, NOW) == []
    assert PolicyBook.of([entry], "email", index, CANDIDATES).blocks(history, NOW) == [(0, True)]


def test_a_catalogue_without_offers_counts_contacts_with_offers_that_are_gone() -> None:
    nothing = OfferTable((), {"id": make_column("string", ()), "theme": make_column("string", ())}, ())
    counters = {"all": Counter("decision", "1d"), "themes": Counter("decision", "1d", "theme")}
    history = read_contacts(contact_record(NOW, IDS[0], "decision", "email", 1))
    counted_now = ContactCounters.of(counters, ContactIndex.of(nothing)).count(history, NOW)
    assert counted_now == {"all": 1, "themes": {}}
