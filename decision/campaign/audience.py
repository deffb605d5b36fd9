"""Who is decided: customers in a fixed order, each once, in a file whose row groups are the chunks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from decision.importing.rows import Row, open_rows
from decision.service.question import NAME
from rules.errors import Fault, Invalid
from rules.ids import CustomerId

COLUMN = "customer"

MEMORY = "256MB"
"""What sorting may take of memory; the rest goes to disk."""

_SCHEMA = pa.schema([(COLUMN, pa.string())])
_PAGE = 10_000
_TOLD = 20
_NAME = re.compile(NAME)


class Audience(msgspec.Struct, frozen=True):
    """How many customers there are, and how many more times they were named."""

    customers: int
    repeated: int


def audience_in(path: Path) -> Iterator[CustomerId]:
    """The customers that a CSV, Parquet or NDJSON file names in its column `customer`; other columns do not matter.

    Raises `Invalid` with the first lines that name nobody: a campaign that leaves somebody out must not look complete.
    """
    try:
        rows = open_rows(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if COLUMN not in rows.columns:
        raise Invalid((Fault(str(path), f"has no column {COLUMN!r}; name the column of the customers so"),))
    faults: list[Fault] = []
    try:
        for row in rows:
            customer, fault = _read(row)
            if fault is not None:
                faults.append(Fault(f"{path}: line {row.line}", fault))
                if len(faults) == _TOLD:
                    break
            elif not faults and customer is not None:
                yield customer
    except OSError as error:
        raise _unreadable(path, error) from error
    if faults:
        raise Invalid(tuple(faults))


def _unreadable(path: Path, error: OSError) -> Invalid:
    return Invalid((Fault(str(path), f"cannot be read ({error}); nobody was decided"),))


def _read(row: Row) -> tuple[CustomerId | None, str | None]:
    if row.fault is not None:
        return None, row.fault
    cell = row.cells.get(COLUMN)
    if cell is None:
        return None, f"has no {COLUMN}; remove the line or fill it in"
    # A table may hold the ids as numbers.
    name = str(cell) if isinstance(cell, str | int) and not isinstance(cell, bool) else ""
    if _NAME.match(name) is None:
        return None, f"{cell!r} is no name of a customer: 1 to 200 characters, no control character and no `/`"
    return CustomerId(name), None


class AudienceWriter:
    """Takes names page by page, and writes everybody once; used inside `with`. Takes little memory, however many.

    `named` counts the names taken so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.named = 0

    def __enter__(self) -> "AudienceWriter":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = TemporaryDirectory(dir=self._path.parent, prefix=".audience-")
        self._named = Path(self._folder.name, "named.parquet")
        self._writer = pq.ParquetWriter(self._named, _SCHEMA, compression="zstd")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._folder.cleanup()

    def add(self, names: Sequence[CustomerId]) -> None:
        """Some more customers."""
        self.named += len(names)
        self._writer.write_table(_table(names))

    def add_all(self, names: Iterable[CustomerId]) -> None:
        """Some more, however many."""
        waiting = iter(names)
        while page := list(islice(waiting, _PAGE)):
            self.add(page)

    def write(self, chunk: int, by_name: bool = False) -> Audience:
        """Write everybody once, in the order in which they were first named (or `by_name`), in row groups of a chunk.

        Whoever is named again is counted, not decided again.
        """
        self._writer.close()
        count = 0
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 1")
            connection.execute("SET temp_directory = $folder", {"folder": self._folder.name})
            once = connection.execute(
                f"""SELECT {COLUMN} FROM (
                    SELECT {COLUMN}, min(file_row_number) AS first
                    FROM read_parquet($named, file_row_number = true) GROUP BY {COLUMN}
                ) ORDER BY {COLUMN if by_name else "first"}""",
                {"named": str(self._named)},
            )
            with pq.ParquetWriter(self._path, _SCHEMA, compression="zstd") as writer:
                while page := once.fetchmany(chunk):
                    count += len(page)
                    writer.write_table(_table([name for (name,) in page]), row_group_size=chunk)
        return Audience(count, self.named - count)


def _table(names: Sequence[str]) -> pa.Table:
    return pa.table([pa.array(names, pa.string())], schema=_SCHEMA)
