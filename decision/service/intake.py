"""Takes outcomes and events: checked as a whole, journalled, then counted once, however often they are sent."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial

import msgspec

from decision.clock import Clock
from decision.engine.snapshot import Snapshot
from decision.journal.journal import Journal
from decision.journal.record import EventRecord, OutcomeRecord
from decision.journal.record_scope import scope_of
from decision.keys import SubjectId, customer_subject, decision_subject, visitor_subject
from decision.metrics import REPORTS
from decision.service.admission import SKEW, check_worth, read_moment, read_values, served
from decision.service.answer import Receipt
from decision.service.decision_index import DecisionIndex, IndexedDecision
from decision.service.gathering import gather, parts
from decision.service.marks import Mark, Marks
from decision.service.question import EventReport, OutcomeReport
from decision.service.refreshing import Refresher
from decision.subject.changing import apply_event, apply_outcome
from decision.subject.contacts import Contacts, contact_mark
from decision.subject.identities import Identities, Subject
from decision.subject.profile import Profile, as_stored
from decision.subject.profiles import Profiles
from rules.contact import DECISION_KIND, contact_record, decision_tag
from rules.errors import MOST_FAULTS, Fault, Invalid
from rules.ids import DecisionId, Instant
from rules.instant import format_instant
from rules.report_kind import event_kinds, outcome_kinds
from rules.workspace import Workspace

TOGETHER = 128
"""How many reports of one subject count as one change; more would keep the store from others for too long."""


class _Event(msgspec.Struct, frozen=True, eq=False):
    """An event on its way: the mark with whom it names, and the mark with whom it counts for; mostly they are one."""

    record: EventRecord
    home: Mark
    place: Mark


class _Outcome(msgspec.Struct, frozen=True, eq=False):
    """An outcome on its way: the mark with whom its decision named, and for whom it counts, if for anybody.

    One that followed from showing nothing is no contact.
    """

    record: OutcomeRecord
    home: Mark
    owner: SubjectId | None
    contact: bytes | None

    def is_new(self, seen: set[Mark]) -> bool:
        """Whether it has a mark neither with whom it names nor with whom it counts for."""
        return self.home not in seen and (self.owner, self.home[1]) not in seen

    def counting_for(self, seen: set[Mark]) -> SubjectId | None:
        """Its owner; where it began before a link, the rest of it is done where it began."""
        return self.home[0] if self.owner is not None and self.home in seen else self.owner


_Made = tuple[OutcomeReport, OutcomeRecord, IndexedDecision]


class Intake:
    """Reports of what happened.

    The journal comes first and everything after it is done at most once per report, so a caller that got no answer
    just sends the same again; the journal's readers take each report once. A report's mark is set in one step with
    the profile it counts for. Where that is not the profile of whom the report names (a visitor who is a customer), it
    is set there as well: sent again, the report is known even if they were linked, or unlinked, in between.
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
        made: list[_Made] = []
        for at, (report, decision) in enumerate(zip(reports, decisions, strict=True)):
            if len(faults) > MOST_FAULTS:
                break
            prefix = f"[{at}]." if len(reports) > 1 else ""
            moment = read_moment(report.at, f"{prefix}at", faults, now)
            check_worth(report.value, f"{prefix}value", faults)
            if report.kind == DECISION_KIND:
                faults.append(Fault(f"{prefix}kind", "is what the decision itself counts as; say what became of it"))
            if decision is None:
                faults.append(Fault(f"{prefix}decision", "is not known: it was never journalled, or is too old"))
                continue
            if report.offer not in (decision.offers or (None,)):
                shown = ", ".join(decision.offers) or "nothing, so that its outcomes name no offer"
                faults.append(Fault(f"{prefix}offer", f"was not shown by this decision, which showed {shown}"))
            if moment is not None and moment < decision.at - SKEW:
                said = f"lies before the decision, which was made for {format_instant(decision.at)}"
                faults.append(Fault(f"{prefix}at", said))
            made.append((report, _outcome(report, decision, now, moment), decision))
        if faults:
            raise Invalid(tuple(faults))
        return await self._record_outcomes(made, snapshot)

    async def events(self, reports: Sequence[EventReport]) -> Receipt:
        """Take events; raises `Invalid` with every fault of every report, and then none is taken."""
        snapshot = served(self._refresher.snapshot)
        declared = snapshot.catalogue.workspace.attributes.event
        now, faults = self._clock(), list[Fault]()
        records: list[EventRecord] = []
        for at, report in enumerate(reports):
            if len(faults) > MOST_FAULTS:
                break
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
                    attributes=as_stored(values),
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
        # One id of whom it names is one event, however often it is among them; they count in the order they happened.
        events: dict[Mark, _Event] = {}
        for record in sorted(records, key=lambda record: record.at):
            event = _placed(record, subjects[record.customer, record.visitor])
            events.setdefault(event.home, event)
        seen = await self._marks.seen([mark for event in events.values() for mark in (event.home, event.place)])
        new = [event for event in events.values() if event.home not in seen and event.place not in seen]
        await gather(self._journal.append(event.record) for event in new)
        by_owner: dict[SubjectId, list[_Event]] = defaultdict(list)
        for event in new:
            by_owner[event.place[0]].append(event)
        steps = (
            self._count(owner, part, workspace)
            for owner, theirs in by_owner.items()
            for part in parts(theirs, TOGETHER)
        )
        kinds = {record.kind for record in records} - event_kinds(workspace)
        receipt = await self._take("event", kinds, len(records), steps)
        away = [event.home for event in events.values() if event.home != event.place and event.home not in seen]
        await self._marks.put(away, self._marks.event_days)
        return receipt

    async def _record_outcomes(self, made: Sequence[_Made], snapshot: Snapshot) -> Receipt:
        people = list(dict.fromkeys((decision.customer, decision.visitor) for _, _, decision in made))
        subjects = dict(zip(people, await self._identities.resolve_all(people), strict=True))
        # One id of a decision is one outcome, however often it is among them.
        outcomes: dict[Mark, _Outcome] = {}
        for report, record, decision in made:
            subject = subjects[decision.customer, decision.visitor]
            home = (_home(record.decision, decision), f"outcome:{record.decision}:{record.id}")
            known = msgspec.structs.replace(record, customer=subject.customer)
            outcomes.setdefault(home, _Outcome(known, home, subject.owner, _contact(report, decision, record.at)))
        places = [(outcome.owner, mark) for (_, mark), outcome in outcomes.items() if outcome.owner is not None]
        seen = await self._marks.seen([*outcomes, *places])
        await gather(self._journal.append(outcome.record) for outcome in outcomes.values() if outcome.is_new(seen))
        by_owner: dict[SubjectId | None, list[_Outcome]] = defaultdict(list)
        for outcome in outcomes.values():
            by_owner[outcome.counting_for(seen)].append(outcome)
        steps = (
            self._count_outcomes(owner, part, seen, snapshot)
            for owner, theirs in by_owner.items()
            for part in parts(theirs, TOGETHER)
        )
        kinds = {report.kind for report, _, _ in made} - outcome_kinds(snapshot.catalogue.workspace)
        return await self._take("outcome", kinds, len(made), steps)

    async def _take(
        self, record: str, unused: set[str], reports: int, steps: Iterable[Coroutine[None, None, int]]
    ) -> Receipt:
        """Run the steps, some at once; each says how many of its reports were new."""
        new = sum(await gather(steps))
        REPORTS.labels(record, "accepted").inc(new)
        REPORTS.labels(record, "repeated").inc(reports - new)
        return Receipt(new, reports - new, tuple(sorted(unused)))

    async def _count(self, owner: SubjectId, events: Sequence[_Event], workspace: Workspace) -> int:
        """Count journalled events of one subject, each with its mark, as one change; returns how many were new."""
        steps = {event.place[1]: partial(apply_event, workspace=workspace, event=event.record) for event in events}
        return len(await self._profiles.change_each(owner, steps, self._marks.event_days))

    async def _count_outcomes(
        self, owner: SubjectId | None, outcomes: Sequence[_Outcome], seen: set[Mark], snapshot: Snapshot
    ) -> int:
        """Count journalled outcomes of one subject as one change; returns how many were new."""
        days = self._marks.outcome_days
        new = [outcome for outcome in outcomes if outcome.is_new(seen)]
        counted = len(new)
        if owner is not None:
            lessons = {outcome.home[1]: _learning(snapshot, outcome.record) for outcome in new}
            counted = len(await self._profiles.change_each(owner, lessons, days))
            # Also where the profile already has them: the first attempt may have ended right there.
            contacts = {outcome.home[1]: outcome.contact for outcome in outcomes if outcome.contact is not None}
            await self._contacts.add_each(owner, contacts, days)
        away = [outcome.home for outcome in outcomes if outcome.home not in seen and outcome.home[0] != owner]
        await self._marks.put([(home, name) for home, mark in away for name in (mark, contact_mark(mark))], days)
        return counted


def _placed(event: EventRecord, subject: Subject) -> _Event:
    """An event with its marks; no name holds the control character between the parts of one."""
    home, owner = SubjectId(scope_of(event)), subject.owner
    assert owner is not None
    mark = f"event:{event.id}"
    known = msgspec.structs.replace(event, customer=subject.customer)
    return _Event(known, (home, mark), (owner, mark if owner == home else f"{mark}\x1f{home}"))


def _home(id: DecisionId, decision: IndexedDecision) -> SubjectId:
    """With whom the marks of a decision's outcomes are kept, whoever the visitor is by now."""
    if decision.customer is not None:
        return customer_subject(decision.customer)
    return decision_subject(id) if decision.visitor is None else visitor_subject(decision.visitor)


def _learning(snapshot: Snapshot, outcome: OutcomeRecord) -> Callable[[Profile], Profile]:
    """How a profile changes by the outcome; an offer that the catalogue no longer has teaches nothing."""
    catalogue = snapshot.catalogue
    row = snapshot.rows.get(outcome.offer) if outcome.offer is not None else None
    if row is None:
        return lambda profile: profile
    return lambda profile: apply_outcome(profile, catalogue.workspace, outcome, catalogue.offers, row)


def _contact(report: OutcomeReport, decision: IndexedDecision, at: Instant) -> bytes | None:
    if report.offer is None:
        return None
    rank, tag = decision.offers.index(report.offer) + 1, decision_tag(report.decision)
    return contact_record(at, report.offer, report.kind, decision.channel, rank, tag)


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
