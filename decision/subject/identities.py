"""Identities: which visitors are which customer."""

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
from decision.store.port import Store
from decision.subject.profiles import ATTEMPTS, DAY
from rules.errors import Conflict
from rules.ids import CustomerId, Instant, VisitorId


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """A visitor is a customer, on this evidence, since this moment."""

    customer: CustomerId
    evidence: str
    since: Instant


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
_visitors = msgspec.msgpack.Decoder(tuple[VisitorId, ...])


def customer_in(blob: bytes | None) -> CustomerId | None:
    """The customer in a visitor's own record, if there is one."""
    return None if blob is None else _identity.decode(blob).customer


def visitors_in(blob: bytes | None) -> tuple[VisitorId, ...]:
    """The visitors that a customer's list names."""
    return () if blob is None else _visitors.decode(blob)


class Identities:
    """Links between visitors and customers.

    Each visitor's own record says whose it is; the customer's list only helps to find them. Nothing is copied: a
    linked visitor's profile and contacts stay its own (without end of life while linked) and are merged at read.
    """

    def __init__(self, store: Store, visitor_days: int) -> None:
        self._store = store
        self._visitor_ttl = visitor_days * DAY

    async def link(self, visitor: VisitorId, customer: CustomerId, evidence: str, now: Instant) -> CustomerId | None:
        """From now on the visitor is this customer; returns the customer it was before, if another."""
        # The list first: a name on it whose own record does not agree counts for nothing, one that is missing would.
        await self._list(customer, add=visitor)
        (blob,) = await self._store.get_many([identity_key(visitor)])
        await self._store.put(identity_key(visitor), msgspec.msgpack.encode(Identity(customer, evidence, now)))
        await self._last(visitor, None)
        before = customer_in(blob)
        if before is None or before == customer:
            return None
        await self._list(before, remove=visitor)
        return before

    async def unlink(self, visitor: VisitorId) -> CustomerId | None:
        """The visitor is nobody again, with the past it had; returns the customer it was."""
        (blob,) = await self._store.get_many([identity_key(visitor)])
        customer = customer_in(blob)
        if customer is None:
            return None
        await self._store.delete([identity_key(visitor)])
        await self._last(visitor, self._visitor_ttl)
        await self._list(customer, remove=visitor)
        return customer

    async def find(self, visitor: VisitorId) -> Identity | None:
        """Whose the visitor is, and why."""
        (blob,) = await self._store.get_many([identity_key(visitor)])
        return None if blob is None else _identity.decode(blob)

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

    async def forget(self, customer: CustomerId) -> tuple[VisitorId, ...]:
        """Unlink all visitors of a customer and delete what is known of them; returns them."""
        visitors = await self.visitors(customer)
        for visitor in visitors:
            subject = visitor_subject(visitor)
            await self._store.delete([profile_key(subject), contacts_key(subject), identity_key(visitor)])
        await self._store.delete([visitors_key(customer)])
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

    async def _list(self, customer: CustomerId, add: VisitorId | None = None, remove: VisitorId | None = None) -> None:
        key = visitors_key(customer)
        for _ in range(ATTEMPTS):
            (blob,) = await self._store.get_many([key])
            old = visitors_in(blob)
            new = tuple(visitor for visitor in old if visitor not in {add, remove}) + (() if add is None else (add,))
            if new == old or await self._store.compare_and_put(key, blob, msgspec.msgpack.encode(new) if new else None):
                return
        raise Conflict(f"The visitors of customer {customer} changed {ATTEMPTS} times meanwhile; try again.")

    async def _last(self, visitor: VisitorId, ttl: int | None) -> None:
        """Give the visitor's profile and contacts this time to live."""
        subject = visitor_subject(visitor)
        for key in (profile_key(subject), contacts_key(subject)):
            for _ in range(ATTEMPTS):
                (blob,) = await self._store.get_many([key])
                if blob is None or await self._store.compare_and_put(key, blob, blob, ttl):
                    break
