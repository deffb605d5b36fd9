"""Compaction: small segments next to each other become one, so that a quiet service does not leave a file every moment.

A merged segment covers the ones it was made of, and whoever lists the folder leaves covered ones out; so it does not
matter when, or whether, they are removed.
"""

import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from decision.journal.folder import JournalFolder, Segment
from decision.journal.segment import SCHEMA

FAN_IN = 16
"""How many segments of a size become one; each record is rewritten about once for every factor of 16 in size."""

LARGEST = 256_000_000
"""Bytes beyond which a segment is left as it is."""

GRACE_SECONDS = 3_600.0
"""How long a covered segment stays for those who are reading it."""


def compact(folder: JournalFolder, day: str = "*", fan_in: int = FAN_IN, grace: float = GRACE_SECONDS) -> None:
    """Merge while there are enough small neighbours (of a day), and remove segments covered long enough ago.

    Only the one sink may call it.
    """
    while run := _mergeable(folder.segments(day), fan_in):
        folder.commit_all(_tables(run), run[0].incarnation, run[0].first, run[-1].last)
    now = time.time()
    for segment in folder.covered(day):
        if now - segment.path.stat().st_mtime > grace:
            segment.path.unlink()


def _mergeable(segments: list[Segment], fan_in: int) -> list[Segment]:
    """The first `fan_in` neighbours of one day, one incarnation and about one size."""
    run: list[Segment] = []
    for segment in segments:
        if run and _sort(segment, fan_in) != _sort(run[-1], fan_in):
            run = []
        run.append(segment)
        if len(run) == fan_in and segment.path.stat().st_size * fan_in <= LARGEST:
            return run
    return []


def _sort(segment: Segment, fan_in: int) -> tuple[str, str, int]:
    size, step = segment.path.stat().st_size // 100_000, 0
    while size:
        size, step = size // fan_in, step + 1
    return segment.path.parent.name, segment.incarnation, step


def _tables(run: list[Segment]) -> Iterator[pa.Table]:
    for segment in run:
        with pq.ParquetFile(segment.path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group).cast(SCHEMA)
