"""Contact caps in every interleaving: whatever happens in between, it is as if one had come after the other."""

from collections.abc import Iterable

import pytest

from decision.keys import SubjectId, customer_subject, identity_key, visitor_subject
from decision.store.port import Entry, Put
from decision.subject.contacts import Contacts, Seen
from decision.subject.identities import Identities
from rules.ids import Instant, VisitorId
from tests.decision.service.contact_world import (
    ANN,
    BOB,
    CALL,
    Case,
    Decide,
    Link,
    Protocol,
    See,
    Send,
    Unlink,
    V,
    W,
    World,
    violations,
)

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
    "a named line is sent twice at once": Case(World(), [[Send(ANN)], [Send(ANN)]], 2),
    "a named line, and somebody else": Case(World(), [[Send(ANN)], [Send(ANN)], [Decide(ANN)]], 2),
    "two named lines for one contact": Case(World(), [[Send(ANN, "x")], [Send(ANN, "y"), Send(ANN, "x")]]),
    "a named line is sent again after a kill": Case(
        World(), [[Send(ANN)], [Decide(ANN), Send(ANN)]], 2, mortal=frozenset({0})
    ),
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

    async def add_with(
        self,
        subject: SubjectId,
        records: Iterable[bytes],
        seen: Seen,  # noqa: ARG002
        entry: Entry,
        put: Put,
    ) -> bool:
        await self.add(subject, records)
        await self._store.write((entry, put))
        return True


class Receiptless(Contacts):
    """Reserves whatever is kept already."""

    async def add_once(
        self, subject: SubjectId, records: Iterable[bytes], receipt: Put, seen: Seen | None = None
    ) -> bytes | bool:
        if seen is not None and not await self.add_if(subject, records, seen):
            return False
        await self._store.append_once("", b"", receipt)
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
        ("a named line is sent twice at once", Protocol(contacts=Receiptless)),
    ],
)
def test_without_its_parts_the_protocol_fails(name: str, protocol: Protocol) -> None:
    assert any(violations(CASES[name], protocol))
