"""The folder of segments: their names say which stretch of the log each holds, so listing them is knowing the state."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decision.journal.segment import SCHEMA
from decision.store.port import START, Position, position_key

_DAY = 86_400_000
_TEMPORARY = ".unfinished-"


class Segment(msgspec.Struct, frozen=True):
    """A committed file: the entries from `first` to `last` of one incarnation of the log."""

    path: Path
    incarnation: str
    first: Position
    last: Position


def date_of(position: Position) -> str:
    """The day (UTC) of a position, as `YYYY-MM-DD`."""
    return str(np.datetime64(position_key(position)[0] // _DAY, "D"))


class JournalFolder:
    """The segments under `journal/` in the data folder, one folder for each day."""

    def __init__(self, data: Path) -> None:
        self.path = data / "journal"

    def segments(self, day: str = "*") -> list[Segment]:
        """The committed segments (of one day) in log order, without those that a larger one covers."""
        kept: dict[str, list[Segment]] = {}
        # Stretches of one incarnation lie apart or inside each other, so the larger of two with one start comes first.
        for segment in sorted(self._all(day), key=lambda segment: (position_key(segment.first), _backwards(segment))):
            before = kept.setdefault(segment.incarnation, [])
            if not before or position_key(segment.last) > position_key(before[-1].last):
                before.append(segment)
        return sorted((segment for run in kept.values() for segment in run), key=lambda s: position_key(s.first))

    def covered(self, day: str = "*") -> list[Segment]:
        """The segments that a larger one covers; they may go once nobody reads them any more."""
        kept = {segment.path for segment in self.segments(day)}
        return [segment for segment in self._all(day) if segment.path not in kept]

    def committed(self, incarnation: str) -> Position:
        """The last position of an incarnation that is in a segment."""
        positions = (segment.last for segment in self._all() if segment.incarnation == incarnation)
        return max(positions, key=position_key, default=START)

    def commit(self, table: pa.Table, incarnation: str, first: Position, last: Position) -> Segment:
        """Write a segment so that it is there whole and for good, or not at all."""
        return self.commit_all(iter([table]), incarnation, first, last)

    def commit_all(self, tables: Iterator[pa.Table], incarnation: str, first: Position, last: Position) -> Segment:
        """The same with a segment's rows in several tables, of which one at a time is in memory."""
        folder = self.path / f"date={date_of(first)}"
        if not folder.exists():
            folder.mkdir(parents=True)
            _sync(self.path.parent)
            _sync(self.path)
        name = f"{incarnation}_{first}_{last}.parquet"
        unfinished = folder / f"{_TEMPORARY}{name}"
        with open(unfinished, "wb") as file:
            with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
                for table in tables:
                    writer.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        path = folder / name
        os.rename(unfinished, path)
        _sync(folder)
        return Segment(path, incarnation, first, last)

    def clean(self) -> None:
        """Remove what a killed writer left unfinished; only the one writer may."""
        for path in self.path.glob(f"date=*/{_TEMPORARY}*"):
            path.unlink()

    def _all(self, day: str = "*") -> list[Segment]:
        segments = []
        for path in self.path.glob(f"date={day}/[!.]*.parquet"):
            parts = path.stem.split("_")
            if len(parts) == 3:
                segments.append(Segment(path, parts[0], Position(parts[1]), Position(parts[2])))
        return segments


def _backwards(segment: Segment) -> tuple[int, int]:
    milliseconds, sequence = position_key(segment.last)
    return -milliseconds, -sequence


def _sync(folder: Path) -> None:
    """Make a rename or a new name in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
