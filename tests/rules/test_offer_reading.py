import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rules.attribute import Value
from rules.column import value_at
from rules.instant import parse_instant
from rules.offer_reading import OfferReading, read_offers
from rules.workspace import Attribute

DECLARED = {
    "brand": Attribute("string", ("Alba", "Brisa")),
    "price": Attribute("float"),
    "nights": Attribute("int"),
    "club": Attribute("bool"),
    "since": Attribute("timestamp"),
    "tags": Attribute("list"),
    "scores": Attribute("map"),
}
HEADER = "id,starts,ends,brand,price,nights,club,since,tags,scores"


def read(*lines: str, header: str = HEADER) -> OfferReading:
    return read_offers("\n".join((header, *lines)).encode(), "offers.csv", DECLARED)


def row(reading: OfferReading, number: int) -> dict[str, Value | None]:
    assert reading.offers is not None
    return {name: value_at(column, number) for name, column in reading.offers.columns.items()}


def said(reading: OfferReading) -> list[tuple[str, str]]:
    return [(finding.key, finding.severity) for finding in reading.findings]


FULL = "a,2026-01-01,2026-02-01,Alba,9.5,2,true,2020-05-01T12:00:00Z,sea|view,x=1.5|y=2"
VALUES: dict[str, Value | None] = {
    "id": "a",
    "starts": parse_instant("2026-01-01"),
    "ends": parse_instant("2026-02-01"),
    "brand": "Alba",
    "price": 9.5,
    "nights": 2,
    "club": True,
    "since": parse_instant("2020-05-01T12:00:00Z"),
    "tags": ("sea", "view"),
    "scores": {"x": 1.5, "y": 2.0},
}


def test_reads_every_type_and_leaves_empty_cells_absent() -> None:
    reading = read(FULL, "b,,,,,,,,,")
    assert reading.findings == ()
    assert row(reading, 0) == VALUES
    assert row(reading, 1) == dict.fromkeys(VALUES) | {"id": "b"}


def test_parquet_gives_the_same_offers() -> None:
    moment = pa.timestamp("us", tz="Europe/Paris")
    table = pa.table(
        {
            "id": ["a", "b"],
            "starts": pa.array([VALUES["starts"], None], pa.timestamp("ms")),
            "ends": pa.array(["2026-02-01", None]),
            "brand": ["Alba", None],
            "price": pa.array(["9.5", None]),
            "nights": pa.array([2, None], pa.int32()),
            "club": [True, None],
            "since": pa.array([int(str(VALUES["since"])) * 1000, None], moment),
            "tags": [["sea", "view"], None],
            "scores": pa.array([[("x", 1.5), ("y", 2.0)], None], pa.map_(pa.string(), pa.float64())),
            "creative.banner.title": ["Sea", None],
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    reading = read_offers(file.getvalue(), "offers.parquet", DECLARED)
    assert reading.findings == ()
    assert row(reading, 0) == VALUES
    assert row(reading, 1) == dict.fromkeys(VALUES) | {"id": "b"}
    assert reading.offers is not None
    assert reading.offers.creatives == ({"banner": {"title": "Sea"}}, {})


def test_parquet_mistakes_name_row_and_column() -> None:
    file = io.BytesIO()
    pq.write_table(
        pa.table({"id": ["a", "b", None], "price": [1.0, float("nan"), 2.0], "club": ["x", None, None]}), file
    )
    reading = read_offers(file.getvalue(), "offers.parquet", {"price": Attribute("float"), "club": Attribute("bool")})
    assert said(reading) == [
        ("row 3, column id", "error"),
        ("row 2, column price", "error"),
        ("row 1, column club", "error"),
    ]


def test_a_bad_cell_counts_as_absent_and_marks_its_offer() -> None:
    reading = read("a,,,Corte,cheap,1.5,maybe,later,x||y,z", "b,,,Alba,1,1,true,,,")
    assert said(reading) == [
        (f"line 2, column {name}", "error") for name in ("brand", "price", "nights", "club", "since", "tags", "scores")
    ]
    assert row(reading, 0)["price"] is None
    assert reading.faulty == {"a"}


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    reading = read('"a\nb",,,,,,,,,', "c,,,,dear,,,,,", "", "d,,,,dear,,,,,")
    assert [key for key, _ in said(reading)] == [
        "line 2, column id",
        "line 4, column price",
        "line 6, column price",
    ]


@pytest.mark.parametrize(
    ("lines", "key", "sentence"),
    [
        ((",,,,,,,,,",), "line 2, column id", "is empty"),
        ((" a,,,,,,,,,",), "line 2, column id", "not a usable id"),
        (("a,,,,,,,,,", "a,,,,,,,,,"), "line 3, column id", "stands on line 2 already"),
        (("a,,,",), "line 2", "has 4 cells where the header has 10"),
        (("a,2026-02-01,2026-02-01,,,,,,,",), "line 2, column ends", "never runs"),
        ((), "", "has no offers"),
        (('a,"b"c,,,,,,,,',), "line 2", "cannot be read as CSV"),
    ],
)
def test_mistakes_in_rows(lines: tuple[str, ...], key: str, sentence: str) -> None:
    finding = read(*lines).findings[0]
    assert finding.key == key
    assert sentence in finding.message


@pytest.mark.parametrize(
    ("header", "key", "severity"),
    [
        (HEADER + ",colour", "column colour", "error"),
        (HEADER + ",creative", "column creative", "error"),
        (HEADER + ",creative.a.b.c", "column creative.a.b.c", "error"),
        (HEADER + ",brand", "column brand", "error"),
        (HEADER.replace("brand", "creative.title"), "header", "warning"),
    ],
)
def test_mistakes_in_the_header(header: str, key: str, severity: str) -> None:
    reading = read("a" + "," * header.count(","), header=header)
    assert said(reading) == [(key, severity)]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "offers.csv"),
        (b"id\n\xff", "offers.csv"),
        (b"starts\n2026-01-01\n", "offers.csv"),
        (b"PAR1", "offers.parquet"),
        (b"id\na\n", "offers.xlsx"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding(content: bytes, name: str) -> None:
    reading = read_offers(content, name, {})
    assert reading.offers is None
    assert [finding.severity for finding in reading.findings] == ["error"]


def test_creatives_of_a_format_overlay_those_for_every_format() -> None:
    reading = read_offers(
        b"id,creative.title,creative.mail.title,creative.mail.image\na,Sea,Dear guest,sea.jpg\nb,Spa,,\n",
        "offers.csv",
        {},
    )
    assert reading.offers is not None
    assert reading.offers.creative(0, "mail") == {"title": "Dear guest", "image": "sea.jpg"}
    assert reading.offers.creative(0, "banner") == {"title": "Sea"}
    assert reading.offers.creative(1, "mail") == {"title": "Spa"}


def test_a_spreadsheet_byte_order_mark_is_no_part_of_the_first_column() -> None:
    reading = read_offers("\ufeffid\na\n".encode(), "offers.csv", {})
    assert reading.offers is not None
    assert reading.offers.ids == ("a",)
    np.testing.assert_array_equal(reading.offers.columns["starts"].present, [False])
