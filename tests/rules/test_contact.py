from hypothesis import given
from hypothesis import strategies as st

from rules.contact import CONTACT, KIND_BITS, contact_key, contact_record, kind_key, moments, offer_key, read_contacts
from rules.ids import Instant, OfferId
from rules.instant import EARLIEST, LATEST
from rules.workspace import CHANNELS, Channel


@given(
    st.integers(EARLIEST, LATEST).map(Instant),
    st.text(max_size=9).map(OfferId),
    st.text(max_size=9),
    st.sampled_from(CHANNELS),
    st.integers(0, 1000),
)
def test_a_contact_reads_as_it_was_written(at: Instant, offer: OfferId, kind: str, channel: Channel, rank: int) -> None:
    blob = contact_record(at, offer, kind, channel, rank)
    assert len(blob) == CONTACT.itemsize == 16
    history = read_contacts(blob + blob[:7])
    assert moments(history).tolist() == [at]
    (when,), (what,) = history["when"].tolist(), history["what"].tolist()
    assert when.to_bytes(8, "little", signed=True)[:2] == bytes([CHANNELS.index(channel), min(rank, 255)])
    assert what == contact_key(offer, kind)
    assert divmod(what, 1 << KIND_BITS) == (offer_key(offer), kind_key(kind))
