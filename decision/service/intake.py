"""Takes outcomes and events: checked as a whole, journalled, then counted once, however often they are sent."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from decision.clock import Clock
from decision.engine.snapshot import Snapshot
from decision.journal.journal import Journal
from decision.journal.record import EventRecord, OutcomeRecord
from decision.keys import SubjectId
from decision.metrics import REPORTS
from decision.service.admission import check_worth, read_moment, read_values, served
from decision.service.answer import Receipt
from decision.service.decision_index import DecisionIndex, IndexedDecision
from decision.service.marks import Marks
from decision.service.question import EventReport, OutcomeReport
from decision.service.refreshing import Refresher
from decision.subject.changing import apply_event, apply_outcome
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities, Subject
from decision.subject.profile import Profile
from decision.subject.profiles import Profiles
from rules.contact import contact_record
from rules.errors import Fault, Invalid
from rules.ids import Instant
from rules.workspace import Workspace

AT_ONCE = 256
"""How many reports (or subjects) of one call are written at the same time; they share the store's round trips."""

TOGETHER = 128
"""How many events of one subject count as one change; more would keep the store from others for too long."""

Found = TypeVar("Found")


class Intake:
    """Reports of what happened.

    The journal comes first and everything after it is done at most once per report id, so a caller that got no answer
    just sends the same again; the journal's readers take each id once.
    """

    def __init__(
        self,
        refresher: Refresher,
        identities: Identities,
        profiles: Profiles,
        contacts: Contacts,
        index: DecisionIndex,
        marks: Marks,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._refresher = refresher
        self._identities = identities
        self._profiles = profiles
        self._contacts = contacts
        self._index = index
        self._marks = marks
        self._journal = journal
        self._clock = clock

    async def outcomes(self, reports: Sequence[OutcomeReport]) -> Receipt:
        """Take outcomes; raises `Invalid` with every fault of every report, and then none is taken."""
        snapshot = served(self._refresher.snapshot)
        decisions = await self._index.find([report.decision for report in reports])
        now, faults = self._clock(), list[Fault]()
        made: list[tuple[OutcomeRecord, IndexedDecision]] = []
        for at, (report, decision) in enumerate(zip(reports, decisions, strict=True)):
            prefix = f"[{at}]." if len(reports) > 1 else ""
            moment = read_moment(report.at, f"{prefix}at", faults, now)
            check_worth(report.value, f"{prefix}value", faults)
            if decision is None:
                faults.append(Fault(f"{prefix}decision", "is not known: it was never journalled, or is too old"))
            elif report.offer not in decision.offers:
                shown = ", ".join(decision.offers) or "nothing"
                faults.append(Fault(f"{prefix}offer", f"was not shown by this decision, which showed {shown}"))
            else:
                made.append((_outcome(report, decision, now, moment), decision))
        if faults:
            raise Invalid(tuple(faults))
        steps = [self._outcome(record, decision, snapshot) for record, decision in made]
        return await self._take("outcome", len(made), steps)

    async def events(self, reports: Sequence[EventReport]) -> Receipt:
        """Take events; raises `Invalid` with every fault of every report, and then none is taken."""
        snapshot = served(self._refresher.snapshot)
        declared = snapshot.catalogue.workspace.attributes.event
        now, faults = self._clock(), list[Fault]()
        records: list[EventRecord] = []
        for at, report in enumerate(reports):
            prefix = f"[{at}]." if len(reports) > 1 else ""
            moment = read_moment(report.at, f"{prefix}at", faults, now)
            check_worth(report.value, f"{prefix}value", faults)
            values, wrong = read_values(declared, report.attributes, f"{prefix}attributes")
            faults.extend(wrong)
            if report.customer is None and report.visitor is None:
                faults.append(Fault(f"{prefix}customer", "give a customer or a visitor: an event is about somebody"))
            records.append(
                EventRecord(
                    id=report.id,
                    written=now,
                    at=now if moment is None else moment,
                    customer=report.customer,
                    visitor=report.visitor,
                    kind=report.kind,
                    attributes={
                        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
                    },
                    value=report.value,
                )
            )
        if faults:
            raise Invalid(tuple(faults))
        return await self.record_events(records)

    async def record_events(self, records: Sequence[EventRecord]) -> Receipt:
        """Take events that were already held against the catalogue's types."""
        workspace = served(self._refresher.snapshot).catalogue.workspace
        people = list(dict.fromkeys((record.customer, record.visitor) for record in records))
        subjects = dict(zip(people, await self._identities.resolve_all(people), strict=True))
        # One id about one subject is one event, however often it is among them; they count in the order they happened.
        marked: dict[tuple[SubjectId, str], EventRecord] = {}
        for record in sorted(records, key=lambda record: record.at):
            subject = subjects[record.customer, record.visitor]
            known = msgspec.structs.replace(record, customer=subject.customer)
            marked.setdefault((_owner(subject), f"event:{record.id}"), known)
        seen = await self._profiles.seen_all(tuple(marked))
        new = [(mark, event) for (mark, event), there in zip(marked.items(), seen, strict=True) if not there]
        for part in _parts(new, AT_ONCE):
            await asyncio.gather(*(self._journal.append(event) for _, event in part))
        by_owner: dict[SubjectId, list[tuple[str, EventRecord]]] = defaultdict(list)
        for (owner, mark), event in new:
            by_owner[owner].append((mark, event))
        steps = [
            self._count(owner, part, workspace)
            for owner, events in by_owner.items()
            for part in _parts(events, TOGETHER)
        ]
        return await self._take("event", len(records), steps)

    async def _take(self, record: str, reports: int, steps: Sequence[Coroutine[None, None, int]]) -> Receipt:
        """Run the steps, some at once; each says how many of its reports were new."""
        new = sum(await _gated(steps))
        REPORTS.labels(record, "accepted").inc(new)
        REPORTS.labels(record, "repeated").inc(reports - new)
        return Receipt(new, reports - new)

    async def _count(self, owner: SubjectId, events: Sequence[tuple[str, EventRecord]], workspace: Workspace) -> int:
        """Count journalled events of one subject, each with its mark, as one change; returns how many were new."""
        steps = {mark: partial(apply_event, workspace=workspace, event=event) for mark, event in events}
        return len(await self._profiles.change_each(owner, steps))

    async def _outcome(self, outcome: OutcomeRecord, decision: IndexedDecision, snapshot: Snapshot) -> bool:
        subject = await self._identities.resolve(decision.customer, decision.visitor)
        if subject.owner is None:
            return await self._anonymous_outcome(outcome)
        mark = f"outcome:{outcome.decision}:{outcome.id}"
        new = not (await self._profiles.seen(subject.owner, [mark]))[0]
        if new:
            await self._journal.append(msgspec.structs.replace(outcome, customer=subject.customer))
            row = snapshot.rows.get(outcome.offer) if outcome.offer is not None else None
            new = await self._profiles.change(subject.owner, _learning(snapshot, outcome, row), [mark]) is not None
        # Also when the profile already has it: the first attempt may have ended right there.
        await self._contact(subject.owner, outcome, decision, mark)
        return new

    async def _contact(self, owner: SubjectId, outcome: OutcomeRecord, decision: IndexedDecision, mark: str) -> None:
        if outcome.offer is None:
            return
        rank = decision.offers.index(outcome.offer) + 1
        contact = contact_record(outcome.at, outcome.offer, outcome.kind, decision.channel, rank)
        await self._contacts.add_once(owner, [contact], mark)

    async def _anonymous_outcome(self, outcome: OutcomeRecord) -> bool:
        """Nobody's profile learns from it, but the model does."""
        if await self._marks.seen(outcome.decision, outcome.id):
            return False
        await self._journal.append(outcome)
        await self._marks.put(outcome.decision, outcome.id)
        return True


async def _gated(steps: Sequence[Coroutine[None, None, Found]]) -> list[Found]:
    """What the steps give, in order; at most `AT_ONCE` run at the same time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def passing(step: Coroutine[None, None, Found]) -> Found:
        async with gate:
            return await step

    return await asyncio.gather(*(passing(step) for step in steps))


def _parts(items: Sequence[Found], size: int) -> Iterator[Sequence[Found]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _owner(subject: Subject) -> SubjectId:
    assert subject.owner is not None
    return subject.owner


def _learning(snapshot: Snapshot, outcome: OutcomeRecord, row: int | None) -> Callable[[Profile], Profile]:
    """How a profile changes by the outcome; an offer that the catalogue no longer has teaches nothing."""
    catalogue = snapshot.catalogue
    if row is None:
        return lambda profile: profile
    return lambda profile: apply_outcome(profile, catalogue.workspace, outcome, catalogue.offers, row)


def _outcome(report: OutcomeReport, decision: IndexedDecision, now: Instant, moment: Instant | None) -> OutcomeRecord:
    return OutcomeRecord(
        id=report.id,
        written=now,
        at=now if moment is None else moment,
        decision=report.decision,
        offer=report.offer,
        kind=report.kind,
        customer=decision.customer,
        visitor=decision.visitor,
        value=report.value,
    )
