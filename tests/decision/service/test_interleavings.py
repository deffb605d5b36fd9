"""Contact caps in every interleaving: whatever happens in between, it is as if one had come after the other."""

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

import msgspec
import pytest

from decision.keys import SubjectId, customer_subject, identity_key, visitor_subject
from decision.service.admission import admit
from decision.service.deciding import Deciding
from decision.service.decision_index import DecisionIndex
from decision.service.question import DecisionQuestion
from decision.service.recorder import Recorder
from decision.service.volumes import Volumes
from decision.store.memory import MemoryStore
from decision.store.port import Store
from decision.subject.contacts import Contacts, Seen
from decision.subject.identities import Identities
from decision.subject.state import SubjectStates
from rules.contact import DECISION_KIND, contact_record, decision_tag, kind_key, read_contacts
from rules.ids import CustomerId, DecisionId, Instant, OfferId, PlacementId, VisitorId
from tests.decision.service.schedules import Stores, at_once, schedules
from tests.decision.small_workspace import NOW, snapshot_with

ANN, BOB = CustomerId("ann"), CustomerId("bob")
V, W = VisitorId("v"), VisitorId("w")
HOME, CALL = PlacementId("home"), PlacementId("call")


class Decide(NamedTuple):
    """Who asks, and where; anybody who is shown something has one contact more."""

    who: CustomerId | VisitorId
    placement: PlacementId = HOME


class Link(NamedTuple):
    visitor: VisitorId
    customer: CustomerId


class Unlink(NamedTuple):
    visitor: VisitorId


class See(NamedTuple):
    """An impression of the offer that the caller's latest decision showed, if it showed one."""

    customer: CustomerId


Act = Decide | Link | Unlink | See
Outcome = bool | None
"""Whether something was shown; None for what is no decision."""


class World(msgspec.Struct):
    """What is so before or after: contacts by whom they are kept with, and whose visitors are."""

    contacts: dict[SubjectId, int] = {}
    links: dict[VisitorId, CustomerId] = {}

    def after(self, act: Act, most: int) -> tuple["World", Outcome]:
        """What an act makes of it where nobody else acts at the same time."""
        if isinstance(act, Link):
            return World(self.contacts, {**self.links, act.visitor: act.customer}), None
        if isinstance(act, Unlink):
            return World(self.contacts, {one: who for one, who in self.links.items() if one != act.visitor}), None
        if isinstance(act, See):
            return self, None
        customer = act.who if act.who in (ANN, BOB) else self.links.get(VisitorId(act.who))
        subjects = [visitor_subject(VisitorId(act.who))]
        if customer is not None:
            subjects = [customer_subject(CustomerId(customer))]
            subjects += [visitor_subject(one) for one, who in self.links.items() if who == customer]
        if sum(self.contacts.get(subject, 0) for subject in subjects) >= most:
            return self, False
        return World({**self.contacts, subjects[0]: self.contacts.get(subjects[0], 0) + 1}, self.links), True


def in_any_order(
    world: World, seen: World, acts: Sequence[Sequence[tuple[Act, Outcome]]], killed: Sequence[Act | None], most: int
) -> bool:
    """Whether acts of callers, each of them in its own order, can have come of this world and made that one.

    Of each caller who was killed, what it was at may have happened or not.
    """
    if not any(acts) and world == seen:
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
        deciding = Deciding(SubjectStates(store), contacts, Volumes(store, clock), recorder, clock, random, 10_000)
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


A, B, OF_V, OF_W = customer_subject(ANN), customer_subject(BOB), visitor_subject(V), visitor_subject(W)
CASES = {
    "one customer in three channels": Case(World({A: 1}), [[Decide(ANN)], [Decide(ANN, CALL)], [Decide(ANN)]], 2),
    "a visitor decides while it is linked": Case(World(), [[Decide(V)], [Link(V, ANN), Decide(ANN)]]),
    "a visitor with a past is linked": Case(World({OF_V: 1}), [[Decide(V)], [Link(V, ANN)], [Decide(ANN)]], 2),
    "both decide as the same person": Case(World({OF_V: 1}, {V: ANN}), [[Decide(V)], [Decide(ANN)], [Decide(V)]], 2),
    "two visitors of one customer": Case(World({OF_W: 1}, {V: ANN, W: ANN}), [[Decide(V)], [Decide(W)]], 2),
    "a visitor is unlinked": Case(World({A: 1}, {V: ANN}), [[Decide(V)], [Unlink(V), Decide(V)], [Decide(ANN)]], 2),
    "unlinked and linked again": Case(
        World({}, {V: ANN}), [[Decide(V)], [Unlink(V), Decide(V), Link(V, ANN), Decide(ANN)]], 2
    ),
    "linked and unlinked": Case(World(), [[Decide(V)], [Link(V, ANN), Decide(ANN), Unlink(V), Decide(V)]]),
    "a visitor becomes somebody else": Case(
        World({A: 1}, {V: ANN}), [[Decide(V)], [Link(V, BOB), Decide(BOB)], [Decide(ANN)]], 2
    ),
    "linked to two at once": Case(World({OF_V: 1}), [[Link(V, ANN), Decide(ANN)], [Link(V, BOB), Decide(BOB)]], 2),
    "linked while being unlinked": Case(World({OF_V: 1}, {V: ANN}), [[Link(V, ANN), Decide(ANN)], [Unlink(V)]]),
    "a second visitor is linked": Case(
        World({OF_W: 1}, {V: ANN}), [[Link(W, ANN), Decide(W)], [Decide(V)]], 2
    ),
    "an impression comes": Case(World(), [[Decide(ANN), See(ANN)], [Decide(ANN)]], 1, "impression"),
    "processes are killed": Case(
        World(), [[Decide(ANN)], [Decide(ANN), Decide(ANN)]], mortal=frozenset({0, 1})
    ),
    "a process is killed in a link": Case(
        World(), [[Link(V, ANN), Decide(V)], [Decide(V), Decide(V)]], mortal=frozenset({0})
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_in_every_interleaving_it_is_as_if_one_had_come_after_the_other(name: str) -> None:
    runs = [*violations(CASES[name])]
    assert len(runs) > 1
    assert [violation for violation in runs if violation] == []


class Appending(Contacts):
    """Reserves by a plain append, whatever has happened since the history was read."""

    async def add_if(self, subject: SubjectId, records: Iterable[bytes], seen: Seen) -> bool:  # noqa: ARG002
        await self.add(subject, records)
        return True


class Fenceless(Identities):
    """Changes whose a visitor is, and leaves the visitor's history as it is."""

    async def _swap(
        self,
        visitor: VisitorId,
        before: bytes | None,
        after: bytes | None,
        now: Instant,  # noqa: ARG002
        ttl: int | None,  # noqa: ARG002
    ) -> bool:
        return await self._store.compare_and_put(identity_key(visitor), before, after)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("one customer in three channels", Protocol(contacts=Appending)),
        ("an impression comes", Protocol(contacts=Appending)),
        ("a visitor decides while it is linked", Protocol(identities=Fenceless)),
    ],
)
def test_without_its_parts_the_protocol_fails(name: str, protocol: Protocol) -> None:
    assert any(violations(CASES[name], protocol))
