"""Identities: which visitors are which customer."""

import random
from collections.abc import Sequence

import msgspec

from decision.keys import (
    SubjectId,
    contacts_key,
    customer_subject,
    identity_key,
    profile_key,
    visitor_subject,
    visitors_key,
)
from decision.store.port import Append, Store
from decision.subject.profiles import ATTEMPTS, DAY
from rules.contact import LINK_KIND, contact_record
from rules.errors import Conflict
from rules.ids import CustomerId, Instant, OfferId, VisitorId


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """A visitor is a customer, on this evidence, since this moment; `link` is a number that no other link has."""

    customer: CustomerId
    evidence: str
    since: Instant
    link: int


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A visitor in a customer's list, by the link that put it there."""

    visitor: VisitorId
    link: int


class Subject(msgspec.Struct, frozen=True):
    """Who a request is about: `customer` as resolved, `visitor` as given, and the `visitors` whose past counts.

    `visitors` are those linked to the customer; without a customer, the visitor alone.
    """

    customer: CustomerId | None
    visitor: VisitorId | None
    visitors: tuple[VisitorId, ...] = ()

    @property
    def owner(self) -> SubjectId | None:
        """The subject that what happens now is written to: the customer when known, else the visitor."""
        if self.customer is not None:
            return customer_subject(self.customer)
        return None if self.visitor is None else visitor_subject(self.visitor)

    @property
    def subjects(self) -> tuple[SubjectId, ...]:
        """All subjects whose past counts, the owner first."""
        linked = tuple(visitor_subject(visitor) for visitor in self.visitors)
        return linked if self.customer is None else (customer_subject(self.customer), *linked)


_identity = msgspec.msgpack.Decoder(Identity)
_listed = msgspec.msgpack.Decoder(tuple[Listed, ...])


def customer_in(blob: bytes | None) -> CustomerId | None:
    """The customer in a visitor's own record, if there is one."""
    return None if blob is None else _identity.decode(blob).customer


def visitors_in(blob: bytes | None) -> tuple[VisitorId, ...]:
    """The visitors that a customer's list names, each once."""
    return tuple(dict.fromkeys(listed.visitor for listed in _listed_in(blob)))


def _listed_in(blob: bytes | None) -> tuple[Listed, ...]:
    return () if blob is None else _listed.decode(blob)


class Identities:
    """Links between visitors and customers.

    Each visitor's own record says whose it is; the customer's list only helps to find them. Nothing is copied: a
    linked visitor's profile and contacts stay its own (without end of life while linked) and are merged at read.

    In the step that changes the record the visitor's history gets one more entry, which counts nowhere: whoever decides
    about the visitor and read the history before that cannot reserve any more, but decides again, as the customer.
    """

    def __init__(self, store: Store, visitor_days: int) -> None:
        self._store = store
        self._visitor_ttl = visitor_days * DAY

    async def link(self, visitor: VisitorId, customer: CustomerId, evidence: str, now: Instant) -> CustomerId | None:
        """From now on the visitor is this customer; returns the customer it was before, if another."""
        mine = Listed(visitor, random.getrandbits(63))
        identity = msgspec.msgpack.encode(Identity(customer, evidence, now, mine.link))
        for attempt in range(ATTEMPTS):
            blob, before = await self._read(visitor)
            if before is not None and before.customer == customer:
                if attempt:
                    await self._list(customer, remove=mine)
                return None
            if not attempt:
                # First of all: a name on the list whose own record does not agree counts for nothing, one that is
                # missing would. Each link has its own, so that none is taken off with another one's.
                await self._list(customer, add=mine)
            if await self._swap(visitor, blob, identity, now, None):
                return None if before is None else await self._unlisted(visitor, before)
        raise _conflict(visitor)

    async def unlink(self, visitor: VisitorId, now: Instant) -> CustomerId | None:
        """The visitor is nobody again, with the past it had; returns the customer it was."""
        for _ in range(ATTEMPTS):
            blob, identity = await self._read(visitor)
            if identity is None:
                return None
            if await self._swap(visitor, blob, None, now, self._visitor_ttl):
                return await self._unlisted(visitor, identity)
        raise _conflict(visitor)

    async def find(self, visitor: VisitorId) -> Identity | None:
        """Whose the visitor is, and why."""
        return (await self._read(visitor))[1]

    async def visitors(self, customer: CustomerId) -> tuple[VisitorId, ...]:
        """The visitors linked to a customer, in the order they were linked."""
        return (await self._visitors_of([customer]))[customer]

    async def resolve(self, customer: CustomerId | None, visitor: VisitorId | None) -> Subject:
        """Who a request is about; a customer that is given is taken at its word, whoever the visitor was before."""
        (subject,) = await self.resolve_all([(customer, visitor)])
        return subject

    async def resolve_all(self, people: Sequence[tuple[CustomerId | None, VisitorId | None]]) -> list[Subject]:
        """`resolve` for many, in the same few round trips."""
        asking = [visitor for customer, visitor in people if customer is None and visitor is not None]
        blobs = await self._store.get_many([identity_key(visitor) for visitor in asking])
        linked = {visitor: customer_in(blob) for visitor, blob in zip(asking, blobs, strict=True)}
        resolved = [
            (linked.get(visitor) if customer is None and visitor is not None else customer, visitor)
            for customer, visitor in people
        ]
        customers = list(dict.fromkeys(customer for customer, _ in resolved if customer is not None))
        visitors = await self._visitors_of(customers)
        return [
            Subject(customer, visitor, visitors[customer])
            if customer is not None
            else Subject(None, visitor, () if visitor is None else (visitor,))
            for customer, visitor in resolved
        ]

    async def forget(self, customer: CustomerId, now: Instant) -> tuple[VisitorId, ...]:
        """Unlink all visitors of a customer and delete what is known of them; returns them."""
        visitors = await self.visitors(customer)
        for visitor in visitors:
            await self.unlink(visitor, now)
            subject = visitor_subject(visitor)
            await self._store.delete([profile_key(subject), contacts_key(subject)])
        return visitors

    async def _visitors_of(self, customers: Sequence[CustomerId]) -> dict[CustomerId, tuple[VisitorId, ...]]:
        blobs = await self._store.get_many([visitors_key(customer) for customer in customers])
        said = [
            (customer, visitor)
            for customer, blob in zip(customers, blobs, strict=True)
            for visitor in visitors_in(blob)
        ]
        identities = await self._store.get_many([identity_key(visitor) for _, visitor in said])
        confirmed: dict[CustomerId, tuple[VisitorId, ...]] = dict.fromkeys(customers, ())
        for (customer, visitor), blob in zip(said, identities, strict=True):
            if customer_in(blob) == customer:
                confirmed[customer] += (visitor,)
        return confirmed

    async def _read(self, visitor: VisitorId) -> tuple[bytes | None, Identity | None]:
        (blob,) = await self._store.get_many([identity_key(visitor)])
        return blob, None if blob is None else _identity.decode(blob)

    async def _swap(
        self, visitor: VisitorId, before: bytes | None, after: bytes | None, now: Instant, ttl: int | None
    ) -> bool:
        """Change a visitor's record, if it is still as before, with what is to be known of the visitor for how long."""
        subject = visitor_subject(visitor)
        fence = Append(contacts_key(subject), contact_record(now, OfferId(""), LINK_KIND, "web", 0), ttl)
        return await self._store.swap(identity_key(visitor), before, after, fence, [profile_key(subject)])

    async def _unlisted(self, visitor: VisitorId, identity: Identity) -> CustomerId:
        await self._list(identity.customer, remove=Listed(visitor, identity.link))
        return identity.customer

    async def _list(self, customer: CustomerId, add: Listed | None = None, remove: Listed | None = None) -> None:
        key = visitors_key(customer)
        for _ in range(ATTEMPTS):
            (blob,) = await self._store.get_many([key])
            old = _listed_in(blob)
            new = tuple(listed for listed in old if listed != remove) + (() if add is None else (add,))
            if new == old or await self._store.compare_and_put(key, blob, msgspec.msgpack.encode(new) if new else None):
                return
        raise Conflict(f"The visitors of customer {customer} changed {ATTEMPTS} times meanwhile; try again.")


def _conflict(visitor: VisitorId) -> Conflict:
    return Conflict(f"Whose visitor {visitor} is changed {ATTEMPTS} times meanwhile; try again.")
