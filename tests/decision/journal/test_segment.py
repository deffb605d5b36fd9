"""Segments hold every record as columns, and as it was appended."""

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from decision.journal.folder import JournalFolder
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.journal.segment import SCHEMA, segment_table
from decision.store.port import Position
from tests.decision.journal.records import NOW, one_of_each, withdrawal


def _entries(first: int = NOW) -> list[tuple[Position, bytes]]:
    return [(Position(f"{first}-{n}"), encode_record(record)) for n, record in enumerate(one_of_each())]


def test_many_records_make_the_rows_that_each_makes_alone() -> None:
    kinds = [entry for _, entry in _entries()]
    mixed = [kinds[0]] * 700 + kinds * 80 + [b"\xc1 not a record"] * 3
    entries = [(Position(f"{NOW}-{n}"), entry) for n, entry in enumerate(mixed)]
    alone = [row for one in entries for row in segment_table("abc", [one]).to_pylist()]
    assert repr(segment_table("abc", entries).to_pylist()) == repr(alone)
    assert segment_table("abc", []).num_rows == 0


def test_columns_say_what_the_records_say(tmp_path: Path) -> None:
    taken_back = Position(f"{NOW}-8"), encode_record(withdrawal("d2"))
    entries = [*_entries(), taken_back, (Position(f"{NOW}-9"), b"\xc1 not a record")]
    folder = JournalFolder(tmp_path)
    segment = folder.commit(segment_table("abc", entries), "abc", entries[0][0], entries[-1][0])
    table = pq.read_table(segment.path, partitioning=None)
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    kinds = ["decision", "outcome", "event", "profile", "decision", "withdrawal", "unreadable"]
    assert [row["record"] for row in rows] == kinds
    assert [row["id"] for row in rows] == ["d1", "o1", "e1", "p1", "d2", "d2", f"{NOW}-9"]
    assert [row["at"] for row in rows] == [NOW, NOW + 5, NOW - 5, NOW, NOW, NOW, None]
    assert [row["visitor"] for row in rows] == [None, None, "v1", "v1", None, None, None]
    assert [(row["position"], row["entry"]) for row in rows] == entries
    assert [encode_record(decode_record(row["entry"])) for row in rows[:6]] == [entry for _, entry in entries[:6]]
    for row in rows:
        others = {"decision", "outcome", "event", "profile"} - {row["record"]}
        assert all(row[other] is None for other in others)
    decided = rows[0]["decision"]
    offers = decided.pop("offers")
    assert decided == {
        "placement": "home",
        "source": "live",
        "group": "model",
        "catalogue": "c" * 16,
        "model": "m" * 16,
        "seed": 2**63 + 5,
        "none_probability": 0.0,
        "degraded": ["profile"],
        "context": '{"device":"phone","tags":["a","b"]}',
    }
    assert [(offer["offer"], offer["rank"], offer["propensity"], offer["score"]) for offer in offers] == [
        ("offer-1", 1, 0.25, 2.5),
        ("offer-2", 2, None, 1.25),
    ]
    assert offers[0]["features"] == pytest.approx([1.0, float("nan"), -3.5], nan_ok=True)
    assert offers[1]["features"] == []
    assert offers[0]["reasons"] == ["ranked"]
    assert rows[4]["decision"]["offers"] == []
    assert rows[1]["outcome"] == {"decision": "d1", "offer": "offer-1", "kind": "accept", "value": 12.5}
    assert rows[2]["event"] == {"kind": "view", "attributes": '{"brand":"É"}', "value": None}
    assert rows[3]["profile"] == {"change": "link", "evidence": "login"}


def test_the_chance_of_showing_nothing_is_read_where_imports_kept_it_before_decisions_did() -> None:
    fields = msgspec.msgpack.decode(_entries()[0][1])
    assert "none_probability" not in fields
    assert fields["decision"].pop("none_probability") == 0.0
    imported = msgspec.msgpack.encode({**fields, "source": "import", "none_probability": 0.25})
    (row,) = segment_table("abc", [(Position(f"{NOW}-1"), imported)]).to_pylist()
    assert row["decision"]["none_probability"] == 0.25
    again = decode_record(encode_record(decode_record(imported)))
    assert isinstance(again, DecisionRecord)
    assert again.none_probability == 0.25


def test_the_folder_knows_from_names_what_was_committed(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    assert folder.segments() == []
    assert folder.committed("abc") == "0-0"
    day = 86_400_000
    for incarnation, first in (("abc", NOW), ("abc", NOW + day), ("xyz", NOW + 2 * day)):
        entries = _entries(first)
        folder.commit(segment_table(incarnation, entries), incarnation, entries[0][0], entries[-1][0])
    assert folder.committed("abc") == f"{NOW + day}-4"
    assert folder.committed("xyz") == f"{NOW + 2 * day}-4"
    assert folder.committed("new") == "0-0"
    assert [segment.path.parent.name for segment in folder.segments()] == [
        "date=2026-09-21",
        "date=2026-09-22",
        "date=2026-09-23",
    ]
    assert len(folder.segments("2026-09-22")) == 1


def test_what_was_left_unfinished_counts_for_nothing_and_goes(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    entries = _entries()
    segment = folder.commit(segment_table("abc", entries), "abc", entries[0][0], entries[-1][0])
    torn = segment.path.with_name(f".unfinished-abc_{NOW}-5_{NOW}-6.parquet")
    torn.write_bytes(b"half")
    assert folder.segments() == [segment]
    assert folder.committed("abc") == f"{NOW}-4"
    folder.clean()
    assert not torn.exists()
    assert segment.path.exists()
