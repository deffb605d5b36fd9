"""Callers who decide, link and unlink as processes of their own would, and the world that has to come of it."""

from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

import msgspec

from decision.keys import SubjectId, customer_subject, visitor_subject
from decision.service.admission import admit
from decision.service.bulk.deciding import BulkDeciding, Decided
from decision.service.bulk.keeping import Keeping
from decision.service.bulk.line import KeptAnswer
from decision.service.deciding import Deciding
from decision.service.decision_index import DecisionIndex
from decision.service.made import Made, draw_now
from decision.service.question import DecisionQuestion
from decision.service.recorder import Recorder
from decision.service.volumes import Volumes
from decision.store.memory import MemoryStore
from decision.store.port import Store
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities
from decision.subject.state import SubjectStates
from rules.contact import DECISION_KIND, contact_record, decision_tag, kind_key, read_contacts
from rules.ids import CustomerId, DecisionId, OfferId, PlacementId, VisitorId
from tests.decision.service.schedules import Stores, at_once, schedules
from tests.decision.small_workspace import NOW, snapshot_with

ANN, BOB = CustomerId("ann"), CustomerId("bob")
V, W = VisitorId("v"), VisitorId("w")
HOME, CALL = PlacementId("home"), PlacementId("call")


class Decide(NamedTuple):
    """Who asks, and where; anybody who is shown something has one contact more."""

    who: CustomerId | VisitorId
    placement: PlacementId = HOME


class Send(NamedTuple):
    """A line of a bulk that has a name: whoever sends it again gets what it gave."""

    who: CustomerId
    name: str = "line"


class Link(NamedTuple):
    visitor: VisitorId
    customer: CustomerId


class Unlink(NamedTuple):
    visitor: VisitorId


class See(NamedTuple):
    """An impression of the offer that the caller's latest decision showed, if it showed one."""

    customer: CustomerId


Act = Decide | Send | Link | Unlink | See
Outcome = bool | None
"""Whether something was shown; None for what is no decision."""


class World(msgspec.Struct):
    """What is so before or after: contacts by whom they are kept with, whose visitors are, and what lines gave."""

    contacts: dict[SubjectId, int] = {}
    links: dict[VisitorId, CustomerId] = {}
    given: dict[str, bool] = {}

    def after(self, act: Act, most: int) -> tuple["World", Outcome]:
        """What an act makes of it where nobody else acts at the same time."""
        if isinstance(act, Link | Unlink):
            links = {one: who for one, who in self.links.items() if one != act.visitor}
            links |= {act.visitor: act.customer} if isinstance(act, Link) else {}
            return World(self.contacts, links, self.given), None
        if isinstance(act, See):
            return self, None
        if isinstance(act, Send):
            then, shown = self.after(Decide(act.who), most)
            fresh = World(then.contacts, then.links, {**self.given, act.name: bool(shown)})
            return (self, self.given[act.name]) if act.name in self.given else (fresh, shown)
        customer = act.who if act.who in (ANN, BOB) else self.links.get(VisitorId(act.who))
        subjects = [visitor_subject(VisitorId(act.who))]
        if customer is not None:
            subjects = [customer_subject(CustomerId(customer))]
            subjects += [visitor_subject(one) for one, who in self.links.items() if who == customer]
        if sum(self.contacts.get(subject, 0) for subject in subjects) >= most:
            return self, False
        contacts = {**self.contacts, subjects[0]: self.contacts.get(subjects[0], 0) + 1}
        return World(contacts, self.links, self.given), True


def in_any_order(
    world: World, seen: World, acts: Sequence[Sequence[tuple[Act, Outcome]]], killed: Sequence[Act | None], most: int
) -> bool:
    """Whether acts of callers, each of them in its own order, can have come of this world and made that one.

    Of each caller who was killed, what it was at may have happened or not.
    """
    if not any(acts) and (world.contacts, world.links) == (seen.contacts, seen.links):
        return True
    for caller, own in enumerate(acts):
        if own:
            (act, outcome), *rest = own
            then, found = world.after(act, most)
            left = [*acts[:caller], rest, *acts[caller + 1 :]]
            if found == outcome and in_any_order(then, seen, left, killed, most):
                return True
        elif (last := killed[caller]) is not None:
            then, _ = world.after(last, most)
            if in_any_order(then, seen, acts, [*killed[:caller], None, *killed[caller + 1 :]], most):
                return True
    return False


class Certain(Random):
    """Draws ids and seeds, and never waits for a random while."""

    def random(self) -> float:
        return 0.0


class Case(NamedTuple):
    """A world, what callers do in it, each in a process of its own, and how many contacts the cap allows."""

    world: World
    callers: Sequence[Sequence[Act]]
    most: int = 1
    counting: str = DECISION_KIND
    mortal: frozenset[int] = frozenset()


class Protocol(NamedTuple):
    """What reserves contacts and what links visitors; others than the real ones show what these are for."""

    contacts: type[Contacts] = Contacts
    identities: type[Identities] = Identities


REAL = Protocol()


def violations(case: Case, protocol: Protocol = REAL) -> Iterator[str]:
    """Each run's outcome that no order of the acts explains; an empty text for a run that is as it should be."""
    policy = {"id": "cap", "count": case.counting, "at_most": case.most, "within": "7d"}
    snapshot = snapshot_with({"contact_policy": [policy]})
    done: list[list[tuple[Act, Outcome]]] = []

    def prepare(store: MemoryStore) -> None:
        identities, contacts = protocol.identities(store, 90), Contacts(store, 90, 35)
        for subject, number in case.world.contacts.items():
            past = (contact_record(NOW, OfferId("old"), case.counting, "web", 1, tag) for tag in range(number))
            at_once(contacts.add(subject, past))
        for visitor, customer in case.world.links.items():
            at_once(identities.link(visitor, customer, "login", NOW))

    def callers(stores: Stores) -> list[Coroutine[None, None, None]]:
        done[:] = [[] for _ in case.callers]
        return [caller(stores(number), number, acts) for number, acts in enumerate(case.callers)]

    async def caller(store: Store, number: int, acts: Sequence[Act]) -> None:
        contacts, identities = protocol.contacts(store, 90, 35), protocol.identities(store, 90)
        recorder = Recorder(store, DecisionIndex(store, 90), contacts)
        clock, random = (lambda: NOW), Certain(number)
        states, volumes = SubjectStates(store), Volumes(store, clock)
        deciding = Deciding(states, contacts, volumes, recorder, clock, random, 10_000)
        keeping = Keeping(store, contacts, volumes)
        bulk = BulkDeciding(states, contacts, volumes, recorder, keeping, partial(draw_now, clock, random), random)
        shown: tuple[DecisionId, OfferId] | None = None
        for act in acts:
            outcome = None
            if isinstance(act, Decide):
                who = CustomerId(act.who) if act.who in (ANN, BOB) else None
                visitor = VisitorId(act.who) if who is None else None
                question = DecisionQuestion(act.placement, who, visitor, slots=1)
                answer = await deciding.decide(admit(question, snapshot, NOW))
                assert answer.degraded == ()
                outcome = bool(answer.offers)
                shown = (answer.decision, answer.offers[0].offer) if answer.offers else None
            elif isinstance(act, Send):
                (made,) = await bulk.decide(
                    [admit(DecisionQuestion(HOME, act.who, slots=1), snapshot, NOW)], [act.name]
                )
                outcome = bool(offers_of(made))
            elif isinstance(act, Link):
                await identities.link(act.visitor, act.customer, "login", NOW)
            elif isinstance(act, Unlink):
                await identities.unlink(act.visitor, NOW)
            elif shown is not None:
                seen = contact_record(NOW, shown[1], "impression", "web", 1, decision_tag(shown[0]))
                await contacts.add_each(customer_subject(act.customer), {shown[0]: seen})
            done[number].append((act, outcome))

    for store, killed in schedules(prepare, callers, case.mortal):
        unfinished = [
            acts[len(own)] if number in killed and len(own) < len(acts) else None
            for number, (acts, own) in enumerate(zip(case.callers, done, strict=True))
        ]
        found = world_in(store, case)
        if in_any_order(case.world, found, done, unfinished, case.most):
            yield ""
        else:
            yield f"{case.world} became {found} by {done}, killed in {unfinished}"


def offers_of(made: Decided) -> Sequence[object]:
    """What a line of a bulk shows."""
    if isinstance(made, KeptAnswer):
        return msgspec.json.decode(made.answer, type=Shown).offers
    assert isinstance(made, Made)
    assert made.without == ()
    return made.decision.offers


class Shown(msgspec.Struct):
    offers: tuple[object, ...]


def world_in(store: MemoryStore, case: Case) -> World:
    """What the store says."""
    subjects = [customer_subject(ANN), customer_subject(BOB), visitor_subject(V), visitor_subject(W)]
    counts = zip(subjects, at_once(Contacts(store, 90, 35).load(subjects)), strict=True)
    numbers = {subject: number(history, case.counting) for subject, history in counts}
    links = {one: at_once(Identities(store, 90).find(one)) for one in (V, W)}
    return World(
        {subject: count for subject, count in numbers.items() if count},
        {visitor: identity.customer for visitor, identity in links.items() if identity is not None},
    )


def number(history: bytes, count: str) -> int:
    """How many contacts a history counts, those that are pending among them."""
    contacts = read_contacts(history)
    counted = contacts[contacts["kind"] == kind_key(count)]
    if count == DECISION_KIND:
        return len(counted)
    tags = {*counted["tag"].tolist()}
    pending = contacts[contacts["kind"] == kind_key(DECISION_KIND)]["tag"].tolist()
    return len(counted) + len([tag for tag in pending if tag not in tags])
