from hypothesis import given
from hypothesis import strategies as st

from rules.contact import (
    DECISION_KIND,
    contact_record,
    decision_contacts,
    decision_tag,
    kind_key,
    latest_in,
    offer_key,
    read_contacts,
)
from rules.ids import DecisionId, Instant, OfferId
from rules.workspace import CHANNELS, Channel


@given(
    st.integers(-(2**62), 2**62).map(Instant),
    st.text(max_size=9).map(OfferId),
    st.text(max_size=9),
    st.sampled_from(CHANNELS),
    st.integers(0, 1000),
    st.text(max_size=32).map(DecisionId),
)
def test_a_contact_reads_as_it_was_written(
    at: Instant, offer: OfferId, kind: str, channel: Channel, rank: int, decision: DecisionId
) -> None:
    tag = decision_tag(decision)
    blob = contact_record(at, offer, kind, channel, rank, tag)
    (read,) = read_contacts(blob + blob[:7])
    assert read.tolist() == (at, offer_key(offer), kind_key(kind), CHANNELS.index(channel), min(rank, 255), tag)
    assert 0 < tag < 2**16


def test_a_decision_makes_a_contact_of_every_offer_by_its_rank() -> None:
    offers, at, id = [OfferId(f"o{number}") for number in range(300)], Instant(-7), DecisionId("d")
    expected = [
        contact_record(at, offer, DECISION_KIND, "email", rank, decision_tag(id))
        for rank, offer in enumerate(offers, start=1)
    ]
    assert decision_contacts(at, offers, "email", id) == expected
    assert decision_contacts(at, [], "email", id) == []


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=40), st.integers(0, 23))
def test_the_latest_contact_is_found_wherever_it_is(moments: list[int], torn: int) -> None:
    blob = b"".join(contact_record(Instant(at), OfferId("o"), "click", "web", 1) for at in moments)
    assert latest_in(blob + b"\x7f" * torn) == max(moments)
