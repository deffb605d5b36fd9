"""Rows of a CSV, Parquet or NDJSON file, one at a time, each with its line."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from rules.errors import Fault, Invalid

BATCH_ROWS = 10_000
LONGEST_CELL = 1_000_000
"""Characters; a quote that is never closed would otherwise swallow the rest of the file at once."""

_PLAIN = msgspec.json.Decoder(dict[str, object])
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Row(msgspec.Struct, frozen=True):
    """One row: its line (the header is line 1 of a CSV; Parquet counts rows from 1) and its cells.

    `text` says that cells are text to be parsed. Absent cells (empty in a CSV, null elsewhere) are left out. `fault`
    says why the line could not be read at all.
    """

    line: int
    cells: Mapping[str, object]
    text: bool = False
    fault: str | None = None


class RowFile(msgspec.Struct, frozen=True):
    """A file of rows: the columns it has, and about how many rows (a progress bar's length)."""

    path: Path
    columns: tuple[str, ...]
    length: int

    def __iter__(self) -> Iterator[Row]:
        """The rows, in order, each time from the start."""
        return _KINDS[self.path.suffix.lower()][1](self.path)


def open_rows(path: Path) -> RowFile:
    """The file of rows at a path, by its ending; raises `Invalid` when it or its ending cannot be read."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise _refused(path, f"cannot be imported; give a file that ends in {', '.join(sorted(_KINDS))}")
    if not path.is_file():
        raise _refused(path, "is not a file; check the path")
    columns, length = kind[0](path)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise _refused(path, f"has the columns {', '.join(map(repr, twice))} more than once; rename all but one")
    return RowFile(path, columns, length)


def _refused(path: Path, message: str) -> Invalid:
    return Invalid((Fault(str(path), message),))


def _look_csv(path: Path) -> tuple[tuple[str, ...], int]:
    with path.open("rb") as file:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    try:
        with _text(path) as text:
            header = next(csv.reader(text, strict=True), [])
        "".join(header).encode()
    except (csv.Error, UnicodeEncodeError) as error:
        raise _refused(path, f"has a header that cannot be read ({error}); save it as CSV in UTF-8") from error
    if not header:
        raise _refused(path, "is empty; its first line must name the columns")
    return tuple(header), max(lines - 1, 0)


def _read_csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    with _text(path) as text:
        reader = csv.reader(text, strict=True)
        header = next(reader, [])
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                advice = f"cannot be read as CSV ({error}); check its quotes: a quote inside a quoted cell is doubled"
                yield Row(line, {}, True, advice)
                continue
            if cells is None:
                return
            if cells:
                yield _csv_row(line, header, cells)


def _text(path: Path) -> TextIO:
    # A byte that is not UTF-8 becomes a lone surrogate, so that only its own row is lost.
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _csv_row(line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        said = f"has {len(cells)} cells where the header has {len(header)}; quote cells that hold a comma"
        return Row(line, {}, True, said)
    filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return Row(line, {}, True, "is not UTF-8; save the file in UTF-8")
    return Row(line, filled, True)


def _look_ndjson(path: Path) -> tuple[tuple[str, ...], int]:
    names: dict[str, None] = {}
    count = 0
    with path.open("rb") as lines:
        for count, line in enumerate(lines, 1):
            try:
                names.update(dict.fromkeys(_NAMES.decode(_unmarked(count, line))))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # It is told when the row is read.
    if not count:
        raise _refused(path, "is empty; write one JSON object per line")
    return tuple(names), count


def _read_ndjson(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            text = _unmarked(number, line)
            if not text.strip():
                continue
            try:
                cells = _PLAIN.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Row(number, {}, fault=f"is not a JSON object ({error}); write one object per line")
                continue
            yield Row(number, {name: cell for name, cell in cells.items() if cell is not None})


def _unmarked(number: int, line: bytes) -> bytes:
    """A line without the byte order mark that the first one may have."""
    return line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _look_parquet(path: Path) -> tuple[tuple[str, ...], int]:
    try:
        with parquet.ParquetFile(path) as file:
            return tuple(file.schema_arrow.names), int(file.metadata.num_rows)
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be read as Parquet: {error}") from error


def _read_parquet(path: Path) -> Iterator[Row]:
    line = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                columns = [_plain(column).to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    line += 1
                    yield Row(line, _filled(zip(batch.schema.names, cells, strict=True)))
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be read as Parquet behind row {line}: {error}") from error


def _plain(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """The column as types that JSON has: moments (UTC where no zone is given) and dates as text, decimals as floats."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return _written(column.cast(pa.timestamp("ms", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_date(kind):
        return _written(column.cast(pa.date32()).cast(pa.timestamp("s")), "%Y-%m-%d")
    return column.cast(pa.float64()) if pa.types.is_decimal(kind) else column


def _written(moments: Any, format: str) -> "pa.Array[Any]":
    written: pa.Array[Any] = pc.strftime(moments, format=format)
    return written


def _filled(cells: Iterable[tuple[str, object]]) -> dict[str, object]:
    """The cells that hold something; a map comes as pairs, and a struct's absent fields as None."""
    filled: dict[str, object] = {}
    for name, cell in cells:
        if isinstance(cell, list) and cell and all(isinstance(item, tuple) for item in cell):
            filled[name] = dict(cell)
        elif isinstance(cell, dict):
            filled[name] = {key: value for key, value in cell.items() if value is not None}
        elif cell is not None:
            filled[name] = cell
    return filled


_KINDS = {
    ".csv": (_look_csv, _read_csv),
    ".parquet": (_look_parquet, _read_parquet),
    ".ndjson": (_look_ndjson, _read_ndjson),
    ".jsonl": (_look_ndjson, _read_ndjson),
}
"""By ending: how to look at a file's columns and length, and how to read its rows."""
