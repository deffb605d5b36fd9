"""What the journal's segments already hold: ids seen before, and what people did in the past."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from decision.identities import Subject
from decision.journal.reading import open_journal
from decision.journal.record import EventRecord, OutcomeRecord, decode_record
from decision.keys import SubjectId
from rules.ids import Instant


class JournalMemory:
    """Reads the segments below a data folder; the log must have been moved into them before.

    `old` is how long, in milliseconds, the store remembers event ids by itself: of events only those are named here
    that were written longer ago.
    """

    def __init__(self, folder: Path, clock: Callable[[], Instant], old: int) -> None:
        self._folder = folder
        self._clock = clock
        self._old = old

    def decisions(self, ids: Sequence[str]) -> set[str]:
        """Which decisions the journal has."""
        return self._among("decision", ids, self._clock())

    def forgotten_events(self, ids: Sequence[str]) -> set[str]:
        """Which events the journal has from so long ago that the store may have forgotten them."""
        return self._among("event", ids, self._clock() - self._old)

    def past(self, subjects: Sequence[Subject]) -> dict[SubjectId, list[EventRecord | OutcomeRecord]]:
        """The events and outcomes of each person, by the person's owner, in no particular order."""
        owners: dict[tuple[str, str], SubjectId] = {}
        for subject in subjects:
            if subject.owner is None:
                continue
            owners.update({("visitor", visitor): subject.owner for visitor in subject.visitors})
            if subject.customer is not None:
                owners["customer", subject.customer] = subject.owner
        customers = [id for kind, id in owners if kind == "customer"]
        visitors = [id for kind, id in owners if kind == "visitor"]
        found: dict[SubjectId, list[EventRecord | OutcomeRecord]] = defaultdict(list)
        with open_journal(self._folder) as journal:
            entries = journal.execute(
                """SELECT entry FROM journal WHERE record IN ('event', 'outcome') AND (
                    customer IN (SELECT unnest($customers::VARCHAR[]))
                    OR visitor IN (SELECT unnest($visitors::VARCHAR[])))""",
                {"customers": customers, "visitors": visitors},
            ).fetchall()
        for (entry,) in entries:
            record = decode_record(entry)
            if isinstance(record, EventRecord | OutcomeRecord):
                # A record names the customer as known when it was written; a visitor linked later counts as well.
                owner = owners.get(("customer", record.customer or "")) or owners.get(("visitor", record.visitor or ""))
                if owner is not None:
                    found[owner].append(record)
        return found

    def _among(self, record: str, ids: Sequence[str], before: int) -> set[str]:
        if not ids:
            return set()
        with open_journal(self._folder) as journal:
            rows = journal.execute(
                """SELECT DISTINCT id FROM journal
                WHERE record = $record AND written <= $before AND id IN (SELECT unnest($ids::VARCHAR[]))""",
                {"record": record, "before": before, "ids": list(ids)},
            ).fetchall()
        return {row[0] for row in rows}
