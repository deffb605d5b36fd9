"""What the journal's segments hold already: ids seen before, and what people did in the past."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from decision.journal.reading import open_journal
from decision.journal.record import EventRecord, OutcomeRecord, decode_record
from decision.journal.record_scope import SCOPE, scope_of
from decision.subject.identities import Subject
from rules.ids import Instant

PAGE = 1_000

# A record names the customer as known when it was written; only where it names none does the visitor decide. What was
# written before a customer was deleted is forgotten.
_PAST = """
WITH gone AS (
    SELECT customer, max(written) AS until FROM journal
    WHERE record = 'profile' AND profile.change = 'delete' GROUP BY customer
), done AS (
    SELECT customer, visitor, written, entry FROM journal WHERE record IN ('event', 'outcome') AND "at" < $before
)
SELECT number, entry FROM people JOIN done ON people.customer = done.customer
LEFT JOIN gone ON gone.customer = done.customer
WHERE gone.until IS NULL OR done.written > gone.until
UNION ALL
SELECT number, entry FROM people JOIN done ON people.visitor = done.visitor
WHERE done.customer IS NULL
ORDER BY number
"""


class JournalMemory:
    """Reads the segments below a data folder; the log must have been moved into them before.

    `old` is how long, in milliseconds, the store remembers event ids by itself: of events only those are named here
    that were written longer ago. Which ids the journal has is read once, with the first question.
    """

    def __init__(self, folder: Path, clock: Callable[[], Instant], old: int) -> None:
        self._folder = folder
        self._clock = clock
        self._old = old
        self._open = ExitStack()
        self._known: duckdb.DuckDBPyConnection | None = None

    def decisions(self, ids: Sequence[str]) -> set[str]:
        """Which decisions the journal has."""
        return self._ids("decision", ids)

    def profiles(self, ids: Sequence[str]) -> set[str]:
        """Which profile changes the journal has."""
        return self._ids("profile", ids)

    def forgotten_events(self, events: Sequence[EventRecord]) -> set[tuple[str, str]]:
        """Which events the journal has from so long ago that the store may have forgotten them: ids and scopes."""
        return self._among("event", [(event.id, scope_of(event)) for event in events], self._clock() - self._old)

    def past(self, people: Sequence[Subject], before: Instant) -> Iterator[list[EventRecord | OutcomeRecord]]:
        """What each of the people did before a moment: a list for each, in their order, its records in none."""
        rows: list[tuple[int, str | None, str | None]] = [
            (number, person.customer, None) for number, person in enumerate(people) if person.customer is not None
        ]
        rows += [(number, None, visitor) for number, person in enumerate(people) for visitor in person.visitors]
        numbers, customers, visitors = zip(*rows, strict=True) if rows else ((), (), ())
        with open_journal(self._folder) as journal:
            columns = [pa.array(numbers, pa.int64()), pa.array(customers, pa.string()), pa.array(visitors, pa.string())]
            journal.register("people", pa.table(columns, ["number", "customer", "visitor"]))
            found = groupby(_pages(journal.execute(_PAST, {"before": before})), key=lambda row: row[0])
            number, theirs = next(found, (len(people), iter(())))
            for person in range(len(people)):
                if person != number:
                    yield []
                    continue
                records = [decode_record(entry) for _, entry in theirs]
                yield [record for record in records if isinstance(record, EventRecord | OutcomeRecord)]
                number, theirs = next(found, (len(people), iter(())))

    def close(self) -> None:
        """Let go of what was read."""
        self._open.close()

    def _ids(self, record: str, ids: Sequence[str]) -> set[str]:
        return {id for id, _ in self._among(record, [(id, "") for id in ids], self._clock())}

    def _among(self, record: str, asked: Sequence[tuple[str, str]], before: int) -> set[tuple[str, str]]:
        """Which of these, by id and scope, the journal has since before a moment."""
        if not asked:
            return set()
        if self._known is None:
            self._known = self._open.enter_context(open_journal(self._folder))
            self._known.execute(
                f"""CREATE TEMP TABLE known AS SELECT record, id, {SCOPE} AS scope, min(written) AS written
                FROM journal WHERE record <> 'outcome' GROUP BY ALL"""
            )
        ids, scopes = zip(*asked, strict=True)
        columns = {"id": pa.array(ids, pa.string()), "scope": pa.array(scopes, pa.string())}
        self._known.register("asked", pa.table(columns))
        rows = self._known.execute(
            """SELECT DISTINCT id, scope FROM known SEMI JOIN asked USING (id, scope)
            WHERE record = $record AND written <= $before""",
            {"record": record, "before": before},
        ).fetchall()
        return {(id, scope) for id, scope in rows}


def _pages(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, bytes]]:
    while page := found.fetchmany(PAGE):
        yield from page
