"""Imports decisions that another system made, as records that train and evaluate like our own."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from decision.contacts import Contacts
from decision.facts import facts_of
from decision.identities import Subject
from decision.importing.decision_row import DecisionRow, DecisionRows
from decision.importing.memory import JournalMemory
from decision.importing.past import Past, contacts_before
from decision.importing.report import BadRow, Progress
from decision.importing.rows import Row
from decision.journal.journal import Journal
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord
from decision.keys import SubjectId
from decision.profile.changing import apply_outcome
from decision.profile.profile import Profile, encode_profile
from decision.profile.repository import Profiles
from decision.request import Decision, DecisionRequest, ShownOffer
from decision.snapshot import Snapshot
from decision.subject_state import SubjectState, SubjectStates
from models.feature import BoundFeatures
from rules.contact import ContactHistory, contact_record, read_contacts
from rules.ids import CustomerId, DecisionId, Instant, VisitorId

AT_ONCE = 200
"""People imported at the same time: they share the store's round trips, and none of them waits long for the rest."""

Item = TypeVar("Item")
Person = tuple[CustomerId | None, VisitorId | None]
"""Customer and visitor as a row gives them."""


class DecisionImport:
    """Takes rows of past decisions.

    Each gets the profile, contacts and features as they were at its own moment, from the journal and the rows before
    it. An offer's outcome, if any, is journalled with it and counts for the profile and the contacts.
    """

    def __init__(
        self,
        rows: DecisionRows,
        snapshot: Snapshot,
        states: SubjectStates,
        profiles: Profiles,
        contacts: Contacts,
        journal: Journal,
        memory: JournalMemory,
        clock: Callable[[], Instant],
    ) -> None:
        self._rows = rows
        self._snapshot = snapshot
        self._states = states
        self._profiles = profiles
        self._contacts = contacts
        self._journal = journal
        self._memory = memory
        self._clock = clock
        self._features: BoundFeatures = snapshot.features.bind(snapshot.catalogue.offers)
        self._taken: set[DecisionId] = set()

    async def take(self, rows: Sequence[Row]) -> Progress:
        """Take one chunk of rows; the good ones are durable when this returns."""
        read = [self._rows.read(row) for row in rows]
        good = [row for row in read if isinstance(row, DecisionRow)]
        old = self._memory.decisions([row.id for row in good]) | self._taken
        new = list({row.id: row for row in good if row.id not in old}.values())
        by_person: dict[Person, list[DecisionRow]] = defaultdict(list)
        for row in sorted(new, key=lambda row: (row.at, row.id)):
            by_person[row.customer, row.visitor].append(row)
        workspace = self._snapshot.catalogue.workspace
        states: list[SubjectState] = []
        for people in _some(list(by_person)):
            states += await asyncio.gather(*(self._states.load(*person, workspace) for person in people))
        past = self._memory.past([state.subject for state in states])
        for some in _some(list(zip(states, by_person.values(), strict=True))):
            await asyncio.gather(
                *(
                    self._import(state, theirs, past.get(state.subject.owner or SubjectId(""), []))
                    for state, theirs in some
                )
            )
        self._taken.update(row.id for row in new)
        bad = tuple(row for row in read if isinstance(row, BadRow))
        return Progress(len(new), len(good) - len(new), bad)

    async def _import(
        self, state: SubjectState, rows: Sequence[DecisionRow], records: Sequence[EventRecord | OutcomeRecord]
    ) -> None:
        outcomes = {row.id: self._outcome(row, state.subject) for row in rows if row.outcome is not None}
        past = Past(state.profile, [*records, *outcomes.values()], self._snapshot.catalogue, self._snapshot.rows)
        history = read_contacts(state.contacts)
        for row in rows:
            record = self._record(row, state.subject, past.before(row.at), contacts_before(history, row.at))
            added = _contacts_of(row, self._snapshot)
            history = np.concatenate([history, read_contacts(b"".join(added))])
            await self._write(state.subject, record, outcomes.get(row.id), added)

    def _record(self, row: DecisionRow, subject: Subject, profile: Profile, history: ContactHistory) -> DecisionRecord:
        catalogue = self._snapshot.catalogue
        context = dict(row.context)
        offers: tuple[ShownOffer, ...] = ()
        if row.offer is not None:
            facts = facts_of(catalogue, row.placement, profile, history, context, row.at)
            vector = self._features.run(facts).matrix(np.array([self._snapshot.rows[row.offer]], np.intp))[0]
            offers = (ShownOffer(row.offer, row.rank, None, 0.0, 0.0, row.probability, (), tuple(vector.tolist())),)
        return DecisionRecord(
            id=row.id,
            written=self._clock(),
            now=row.at,
            seed=0,
            customer=subject.customer,
            visitor=row.visitor,
            request=DecisionRequest(row.placement, context),
            profile=encode_profile(profile),
            contacts=history.tobytes(),
            catalogue=catalogue.version,
            model=None,
            decision=Decision(offers, "imported", (), {}),
            source="import",
            none_probability=row.probability if row.offer is None else 0.0,
        )

    def _outcome(self, row: DecisionRow, subject: Subject) -> OutcomeRecord:
        return OutcomeRecord(
            id=f"import:{row.id}",
            written=self._clock(),
            at=row.outcome_at,
            decision=row.id,
            offer=row.offer,
            kind=row.outcome or "",
            customer=subject.customer,
            visitor=row.visitor,
            value=row.value,
        )

    async def _write(
        self, subject: Subject, record: DecisionRecord, outcome: OutcomeRecord | None, contacts: Sequence[bytes]
    ) -> None:
        """The decision's own record comes last: while it is missing, importing the row again does what is left."""
        owner = subject.owner
        if owner is not None and contacts:
            await self._contacts.add_once(owner, contacts, f"import:{record.id}")
        if outcome is not None:
            if owner is not None:
                await self._learn(owner, outcome)
            await self._journal.append(outcome)
        await self._journal.append(record)

    async def _learn(self, owner: SubjectId, outcome: OutcomeRecord) -> None:
        catalogue, rows = self._snapshot.catalogue, self._snapshot.rows
        weighted = any(outcome.kind in affinity.weights for affinity in catalogue.workspace.affinities.values())
        if outcome.offer is not None and weighted:
            row = rows[outcome.offer]
            await self._profiles.change(
                owner,
                lambda profile: apply_outcome(profile, catalogue.workspace, outcome, catalogue.offers, row),
                [outcome.id],
            )


def _some(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), AT_ONCE):
        yield items[first : first + AT_ONCE]


def _contacts_of(row: DecisionRow, snapshot: Snapshot) -> list[bytes]:
    if row.offer is None:
        return []
    channel = snapshot.catalogue.workspace.placements[row.placement].channel
    contacts = [contact_record(row.at, row.offer, "decision", channel, row.rank)]
    if row.outcome is not None:
        contacts.append(contact_record(row.outcome_at, row.offer, row.outcome, channel, row.rank))
    return contacts
