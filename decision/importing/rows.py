"""Rows of a CSV, Parquet or NDJSON file, one at a time, each with its line."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from pyarrow import parquet

from rules.errors import Fault, Invalid

BATCH_ROWS = 10_000


class Row(msgspec.Struct, frozen=True):
    """One row: its line (the header is line 1 of a CSV; Parquet counts rows from 1) and its cells.

    `text` says that cells are text to be parsed. Absent cells (empty in a CSV, null elsewhere) are left out. `fault`
    says why the line could not be read at all.
    """

    line: int
    cells: Mapping[str, object]
    text: bool = False
    fault: str | None = None


def read_rows(file: Path) -> Iterator[Row]:
    """The rows of a file, by its ending; raises `Invalid` when the file or its ending cannot be read."""
    readers = {".csv": _csv, ".parquet": _parquet, ".ndjson": _ndjson, ".jsonl": _ndjson}
    reader = readers.get(file.suffix)
    if reader is None:
        raise Invalid((Fault(str(file), f"cannot be imported; give a file that ends in {', '.join(sorted(readers))}"),))
    if not file.is_file():
        raise Invalid((Fault(str(file), "is not a file; check the path"),))
    return reader(file)


def _csv(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = next(reader, [])
        line = reader.line_num + 1
        while True:
            try:
                cells = next(reader, None)
            except (csv.Error, UnicodeDecodeError) as error:
                yield Row(line, {}, True, f"cannot be read as CSV: {error}")
                line = reader.line_num + 1
                continue
            if cells is None:
                return
            if len(cells) == len(header):
                yield Row(line, {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}, True)
            elif cells:
                yield Row(line, {}, True, f"has {len(cells)} cells where the header has {len(header)}")
            line = reader.line_num + 1


def _ndjson(file: Path) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(dict[str, object])
    with file.open("rb") as lines:
        for line, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                cells = decoder.decode(text)
            except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
                yield Row(line, {}, fault=f"is not a JSON object: {error}")
                continue
            yield Row(line, {name: cell for name, cell in cells.items() if cell is not None})


def _parquet(file: Path) -> Iterator[Row]:
    line = 0
    try:
        batches = parquet.ParquetFile(file).iter_batches(BATCH_ROWS)
        for batch in batches:
            for cells in batch.to_pylist():
                line += 1
                yield Row(line, {name: cell for name, cell in cells.items() if cell is not None})
    except (OSError, ValueError) as error:
        raise Invalid((Fault(str(file), f"cannot be read as Parquet: {error}"),)) from error


def count_rows(file: Path) -> int:
    """About how many rows a file holds, for a progress bar."""
    if file.suffix == ".parquet":
        return int(parquet.ParquetFile(file).metadata.num_rows)
    with file.open("rb") as lines:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: lines.read(1 << 20), b""))
