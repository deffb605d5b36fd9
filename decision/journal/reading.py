"""The journal as DuckDB sees it: one view over all segments, each record once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from decision.journal.folder import JournalFolder
from decision.journal.record_scope import SCOPE
from decision.journal.segment import SCHEMA

# An event that was journalled, but whose caller saw a failure and sent it again, is in the log twice; so is a decision
# that was imported twice. Mostly there are none, so one pass over hashes finds the few keys worth comparing.
_REPEATS = f"""
CREATE TEMP TABLE repeats AS
WITH suspects AS (
    SELECT hash(record, id, {SCOPE}) AS key FROM {{segments}} GROUP BY key HAVING count(*) > 1
)
SELECT filename, file_row_number
FROM (
    SELECT filename, file_row_number,
           row_number() OVER (PARTITION BY record, id, {SCOPE} ORDER BY written, filename, file_row_number) AS turn
    FROM {{segments}}
    WHERE hash(record, id, {SCOPE}) IN (SELECT key FROM suspects)
)
WHERE turn > 1
"""

_WITHDRAWN = """
CREATE TEMP TABLE withdrawn AS SELECT DISTINCT id FROM {segments} WHERE record = 'withdrawal'
"""

_VIEW = """
CREATE TEMP VIEW journal AS
SELECT {columns} FROM {segments} AS segments WHERE {conditions}
"""

_ONCE = """NOT EXISTS (
    SELECT 1 FROM repeats
    WHERE repeats.filename = segments.filename AND repeats.file_row_number = segments.file_row_number
)"""

_STANDING = "(record <> 'decision' OR id NOT IN (SELECT id FROM withdrawn))"


@contextmanager
def open_journal(data: Path, threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose view `journal` holds the records in the segments of a data folder as they are now.

    Columns are those of `decision.journal.segment.SCHEMA`, and `date`. Each record is there once, the first that was
    written: an event's id counts within its visitor (else customer), an outcome's within its decision. Decisions that
    were taken back are not there. Without segments the view is empty.
    """
    connection = duckdb.connect(":memory:")
    try:
        if threads is not None:
            connection.execute(f"SET threads = {threads}")
        paths = [str(segment.path) for segment in JournalFolder(data).segments()]
        if paths:
            _define(connection, paths)
        else:
            connection.register("nothing", SCHEMA.empty_table())
            connection.execute("CREATE TEMP VIEW journal AS SELECT *, NULL::DATE AS date FROM nothing")
        yield connection
    finally:
        connection.close()


def _define(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    segments = f"read_parquet([{listed}], hive_partitioning = true, filename = true, file_row_number = true)"
    connection.execute(_REPEATS.format(segments=segments))
    columns = ", ".join(f'segments."{name}"' for name in (*SCHEMA.names, "date"))
    connection.execute(_WITHDRAWN.format(segments=segments))
    # Mostly there are neither, and what is not asked costs nothing.
    conditions = ["true"]
    for table, condition in (("repeats", _ONCE), ("withdrawn", _STANDING)):
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
        conditions += [condition] if rows else []
    connection.execute(_VIEW.format(columns=columns, segments=segments, conditions=" AND ".join(conditions)))
