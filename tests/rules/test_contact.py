from hypothesis import given
from hypothesis import strategies as st

from rules.contact import contact_record, decision_tag, kind_key, offer_key, read_contacts
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
