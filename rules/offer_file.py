"""The table of offers as a file: CSV or Parquet bytes in, raw cells with their places out."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from rules.finding import Finding

Cell = str | int | float | bool | list[object] | dict[str, object] | None
"""A CSV cell is text (None when empty); a Parquet cell is already typed, with timestamps as milliseconds."""


class OfferFile(msgspec.Struct, frozen=True):
    """The header, and of each row its cells by column position and its line (CSV) or row number (Parquet), from 1.

    `text` says that cells are text still to be parsed.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    text: bool

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for a finding."""
        return f"{'line' if self.text else 'row'} {self.lines[row]}, column {column}"


def read_offer_file(content: bytes, name: str) -> tuple[OfferFile | None, list[Finding]]:
    """The rows of the file, by the ending of its name; rows of the wrong length are left out and reported."""
    if name.endswith(".parquet"):
        return _read_parquet(content, name)
    if name.endswith(".csv"):
        return _read_csv(content, name)
    return None, [Finding(name, "", "is neither a .csv nor a .parquet file; save the offers as one of the two")]


def _read_csv(content: bytes, name: str) -> tuple[OfferFile | None, list[Finding]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [Finding(name, f"line {line}", "is not UTF-8 text; save the file as UTF-8")]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[Cell, ...]] = []
    lines: list[int] = []
    findings: list[Finding] = []
    line = 1
    try:
        for cells in reader:
            if not header:
                header = tuple(cell.strip() for cell in cells)
            elif len(cells) == len(header):
                rows.append(tuple(cell or None for cell in cells))
                lines.append(line)
            elif cells:
                message = f"has {len(cells)} cells where the header has {len(header)}; quote cells that hold a comma"
                findings.append(Finding(name, f"line {line}", message))
            line = reader.line_num + 1
    except csv.Error as error:
        findings.append(Finding(name, f"line {line}", f"cannot be read as CSV ({error}); check the quotes"))
    if not header:
        return None, [*findings, Finding(name, "", "is empty; write a header line with at least the column id")]
    return OfferFile(name, header, tuple(rows), tuple(lines), text=True), findings


def _read_parquet(content: bytes, name: str) -> tuple[OfferFile | None, list[Finding]]:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        return None, [Finding(name, "", f"cannot be read as Parquet ({error}); write the file again")]
    findings: list[Finding] = []
    columns: list[Sequence[Cell]] = []
    for field, column in zip(table.schema, table.columns, strict=True):
        try:
            columns.append(_cells(column))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            findings.append(
                Finding(name, f"column {field.name}", f"cannot be read ({error}); store it as another type")
            )
            columns.append([None] * table.num_rows)
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    return OfferFile(name, tuple(table.column_names), rows, tuple(range(1, len(rows) + 1)), text=False), findings


def _cells(column: "pa.ChunkedArray[Any]") -> Sequence[Cell]:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        moments = column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64())
        return [None if moment is None else moment // 1000 for moment in moments.to_pylist()]
    if pa.types.is_map(column.type):
        return [None if entries is None else dict(entries) for entries in column.to_pylist()]
    if pa.types.is_struct(column.type):
        return [
            None if entries is None else {key: number for key, number in entries.items() if number is not None}
            for entries in column.to_pylist()
        ]
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64()).to_pylist()
    return column.to_pylist()
