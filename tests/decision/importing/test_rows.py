"""Files of rows: columns, lines, and rows that cannot be read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from decision.importing.rows import Row, open_rows
from rules.errors import Invalid


def csv_file(folder: Path, content: bytes) -> Path:
    path = folder / "rows.csv"
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    file = open_rows(csv_file(tmp_path, b"\xef\xbb\xbfid,name\n1,Z\xc3\xbcrich\n"))
    assert file.columns == ("id", "name")
    assert list(file) == [Row(2, {"id": "1", "name": "Zürich"}, True)]


def test_quoted_newlines_count_as_lines(tmp_path: Path) -> None:
    file = open_rows(csv_file(tmp_path, b'id,"na\nme"\r\n1,"two\r\nlines"\r\n\r\n2,\r\n3,x,y\r\n'))
    assert file.columns == ("id", "na\nme")
    first, second, third = file
    assert (first.line, first.cells) == (3, {"id": "1", "na\nme": "two\r\nlines"})
    assert (second.line, second.cells) == (6, {"id": "2"})
    assert third.line == 7
    assert third.fault is not None
    assert "has 3 cells where the header has 2" in third.fault


def test_a_broken_row_loses_only_itself(tmp_path: Path) -> None:
    rows = list(open_rows(csv_file(tmp_path, b'id,name\n1,"a"b\n2,\xff\n3,ok\n4,"never closed\n')))
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert [row.fault is None for row in rows] == [False, False, True, False]
    assert "quotes" in str(rows[0].fault)
    assert "UTF-8" in str(rows[1].fault)


def test_rows_can_be_read_again(tmp_path: Path) -> None:
    file = open_rows(csv_file(tmp_path, b"id\n1\n2\n"))
    assert file.length == 2
    assert list(file) == list(file)


def test_ndjson_keeps_types_and_tells_what_is_no_object(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1, "gone": null}\n\n[1]\n{"tags": ["a"], "id": "x"}\n{"id": \n')
    file = open_rows(path)
    assert (set(file.columns), file.length) == ({"id", "gone", "tags"}, 5)
    one, two, three, four = file
    assert one == Row(1, {"id": 1})
    assert (two.line, three) == (3, Row(4, {"tags": ["a"], "id": "x"}))
    assert "one object per line" in str(two.fault)
    assert "one object per line" in str(four.fault)


def test_parquet_cells_are_what_json_has(tmp_path: Path) -> None:
    table = pa.table(
        {
            "at": pa.array([datetime(2026, 3, 1, 9, 30, tzinfo=UTC), None], pa.timestamp("us", "Europe/Paris")),
            "naive": pa.array([datetime(2026, 3, 1, 9, 30, 0, 250_000), None], pa.timestamp("ns")),
            "day": pa.array([date(2026, 3, 1), None], pa.date32()),
            "price": pa.array([Decimal("1.25"), None], pa.decimal128(5, 2)),
            "brand": pa.array(["Alba", None]).dictionary_encode(),
            "points": pa.array([[("a", 1.0)], None], pa.map_(pa.string(), pa.float64())),
            "tags": pa.array([["x"], []], pa.list_(pa.string())),
        }
    )
    path = tmp_path / "rows.parquet"
    parquet.write_table(table, path)
    file = open_rows(path)
    assert (file.columns, file.length) == (tuple(table.column_names), 2)
    first, second = file
    assert first == Row(
        1,
        {
            "at": "2026-03-01T09:30:00.000Z",
            "naive": "2026-03-01T09:30:00.250Z",
            "day": "2026-03-01",
            "price": 1.25,
            "brand": "Alba",
            "points": {"a": 1.0},
            "tags": ["x"],
        },
    )
    assert second == Row(2, {"tags": []})


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rows.xlsx", b"", ".csv, .jsonl, .ndjson, .parquet"),
        ("rows.csv", b"", "must name the columns"),
        ("rows.csv", b"id,id\n", "'id' more than once"),
        ("rows.csv", b"\xff\xfei\x00d\x00\n\x00", "UTF-8"),
        ("rows.ndjson", b"", "is empty"),
        ("rows.parquet", b"no", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid, match=says):
        open_rows(path)
    with pytest.raises(Invalid, match="check the path"):
        open_rows(tmp_path / "none.csv")
