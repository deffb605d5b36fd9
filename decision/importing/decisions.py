"""Imports decisions that another system made, as records that train and evaluate like our own."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from decision.engine.snapshot import Snapshot
from decision.importing.decision_row import DecisionRow, DecisionRows
from decision.importing.memory import JournalMemory
from decision.importing.past import Past, contacts_before
from decision.importing.recording import Recording
from decision.importing.report import BadRow, Progress
from decision.importing.rows import Row
from decision.journal.journal import Journal
from decision.journal.record import EventRecord, OutcomeRecord
from decision.keys import SubjectId
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities, Subject
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from rules.contact import read_contacts
from rules.ids import DecisionId, Instant

CHUNK = 250_000
"""Rows that are put in the order of time together; only files longer than that should be in order themselves."""

PAGE = 1_000
"""Rows that are read between two pauses."""

WINDOW = 200
"""People whose decisions are written at the same time."""

TOGETHER = 128
"""Rows of one person that are written in one step."""

Item = TypeVar("Item")


class DecisionImport:
    """Takes rows of past decisions.

    Each gets the profile, contacts and features as they were at its own moment, from the journal and the other rows,
    whatever their order. An offer's outcome, if any, is journalled with it and counts for the profile and the contacts.
    """

    def __init__(
        self,
        rows: DecisionRows,
        snapshot: Snapshot,
        identities: Identities,
        states: SubjectStates,
        profiles: Profiles,
        contacts: Contacts,
        journal: Journal,
        memory: JournalMemory,
        recording: Recording,
    ) -> None:
        self._rows = rows
        self._snapshot = snapshot
        self._identities = identities
        self._states = states
        self._profiles = profiles
        self._contacts = contacts
        self._journal = journal
        self._memory = memory
        self._recording = recording
        self._taken: set[DecisionId] = set()
        self._learned: dict[SubjectId, list[OutcomeRecord]] = defaultdict(list)

    async def take(self, rows: Iterable[Row]) -> AsyncIterator[Progress]:
        """Take rows; those told of are durable, and the others can be taken again, whenever it pauses."""
        waiting = iter(rows)
        more = True
        while more:
            new: list[DecisionRow] = []
            while more and len(new) < CHUNK:
                page = list(islice(waiting, PAGE))
                more = bool(page)
                fresh, told = self._read(page)
                new += fresh
                yield told
                await asyncio.sleep(0)
            async for written in self._write(new):
                yield written

    def _read(self, rows: Sequence[Row]) -> tuple[list[DecisionRow], Progress]:
        """The rows that are new, and what became of the others."""
        read = [self._rows.read(row) for row in rows]
        good = [row for row in read if isinstance(row, DecisionRow)]
        old = self._memory.decisions([row.id for row in good])
        new = []
        for row in good:
            if row.id not in old and row.id not in self._taken:
                self._taken.add(row.id)
                new.append(row)
        return new, Progress(0, len(good) - len(new), tuple(row for row in read if isinstance(row, BadRow)))

    async def _write(self, rows: Sequence[DecisionRow]) -> AsyncIterator[Progress]:
        if not rows:
            return
        people = list(dict.fromkeys((row.customer, row.visitor) for row in rows))
        subjects = dict(zip(people, await self._identities.resolve_all(people), strict=True))
        by_owner: dict[SubjectId, tuple[Subject, list[DecisionRow]]] = {}
        for row in sorted(rows, key=lambda row: (row.at, row.id)):
            subject = subjects[row.customer, row.visitor]
            owner = subject.owner or SubjectId("")
            by_owner.setdefault(owner, (subject, []))[1].append(row)
        end = Instant(max(row.at for row in rows))
        past = self._memory.past([subject for subject, _ in by_owner.values()], end)
        waiting = zip(by_owner.items(), past, strict=True)
        while window := list(islice(waiting, WINDOW)):
            await asyncio.gather(
                *(self._person(owner, subject, theirs, records) for (owner, (subject, theirs)), records in window)
            )
            yield Progress(sum(len(theirs) for (_, (_, theirs)), _ in window))

    async def _person(
        self,
        owner: SubjectId,
        subject: Subject,
        rows: Sequence[DecisionRow],
        records: Sequence[EventRecord | OutcomeRecord],
    ) -> None:
        """Write one person's decisions, in order of time.

        The decisions' own records come last: while one is missing, importing its row again does what is left. The
        contacts come first, so that those of all rows, whenever they were imported, are in the history read back.
        """
        outcomes = {row.id: came for row in rows if (came := self._recording.outcome(row, subject)) is not None}
        lessons = [outcome for outcome in outcomes.values() if self._recording.teaches(outcome)]
        contacts = [(f"import:{row.id}", added) for row in rows if (added := self._recording.contacts(row))]
        for part in _parts(contacts, TOGETHER):
            await self._contacts.add_each(owner, dict(part))
        for lesson in _parts(lessons, TOGETHER):
            steps = {outcome.id: partial(self._recording.learn, outcome=outcome) for outcome in lesson}
            await self._profiles.change_each(owner, steps)
        state = await self._states.load(subject.customer, subject.visitor, self._snapshot.catalogue.workspace)
        self._learned[owner] += lessons
        known = [*records, *self._learned[owner]]
        past = Past(state.profile, known, self._snapshot.catalogue, self._snapshot.rows)
        history = read_contacts(state.contacts)
        for share in _parts(rows, TOGETHER):
            told = [outcomes[row.id] for row in share if row.id in outcomes]
            await asyncio.gather(*(self._journal.append(outcome) for outcome in told))
            made = [
                self._recording.decision(row, subject, past.before(row.at), contacts_before(history, row.at))
                for row in share
            ]
            await asyncio.gather(*(self._journal.append(record) for record in made))


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
