"""Records that are written together are one entry of the log, and come out of it one by one."""

import msgspec
import pytest

from decision.journal.bundle import LARGEST, MOST, bundled, records_in
from decision.journal.record import encode_record
from tests.decision.journal.records import one_of_each

RECORDS = [encode_record(record) for record in one_of_each()]


@pytest.mark.parametrize("count", [0, 1, 2, MOST, MOST + 1, 5 * MOST + 3])
def test_records_come_out_as_they_went_in(count: int) -> None:
    records = [RECORDS[number % len(RECORDS)] for number in range(count)]
    entries = list(bundled(records))
    assert len(entries) == -(-count // MOST)
    assert [record for entry in entries for record in records_in(entry)] == records


def test_a_record_alone_is_an_entry_as_it_always_was() -> None:
    for record in RECORDS:
        assert list(bundled([record])) == [record]
        assert list(records_in(record)) == [record]


def test_no_bundle_grows_much_beyond_its_bytes() -> None:
    large = b"\x80" + bytes(LARGEST // 2)
    assert [len(records_in(entry)) for entry in bundled([large] * 5)] == [2, 2, 1]


@pytest.mark.parametrize(
    "entry", [b"", b"\x90", b"\xc1 not a record", b"\x92\x01\x02", msgspec.msgpack.encode([b"1"])[:-1]]
)
def test_what_is_no_bundle_stays_as_it_is(entry: bytes) -> None:
    assert list(records_in(entry)) == [entry]
