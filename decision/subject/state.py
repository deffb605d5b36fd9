"""What is known of a request's subject: one profile and one contact history, customer and linked visitors merged."""

from collections import ChainMap
from collections.abc import Awaitable, Iterable, Mapping, Sequence

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
from decision.subject.contacts import Seen
from decision.subject.identities import Subject, customer_in, visitors_in
from decision.subject.merging import merge_profiles
from decision.subject.packing import Packing, unreadable
from decision.subject.profile import EMPTY_PROFILE, Profile, encode_profile
from rules.errors import Damaged
from rules.ids import CustomerId, VisitorId
from rules.workspace import Workspace

Person = tuple[CustomerId | None, VisitorId | None]

Found = Mapping[str, bytes | None]
"""What was read, by key."""


class SubjectState(msgspec.Struct, frozen=True):
    """`blob` is the profile's; `contacts` is the joined history, whose first `owned` bytes are the owner's own.

    Where anything of the profile cannot be read, all of it is empty (what is left of it might say yes where the rest
    says no), and `damage` says why; the history is known all the same.
    """

    subject: Subject
    profile: Profile
    blob: bytes
    contacts: bytes
    owned: int
    known: bool
    damage: str = ""

    @property
    def seen(self) -> Seen:
        """Where the owner's own history ended."""
        return Seen.of(self.contacts, self.owned)

    @property
    def without(self) -> tuple[str, ...]:
        """What a decision about this subject goes without."""
        return ("profile",) if self.damage else ()

    def damaged(self, error: Damaged) -> "SubjectState":
        """The same once its profile turns out not to be readable."""
        owner = self.subject.owner
        told = error if owner is None else unreadable(owner, error)
        return msgspec.structs.replace(self, profile=EMPTY_PROFILE, blob=_EMPTY_BLOB, damage=str(told))


_EMPTY_BLOB = encode_profile(EMPTY_PROFILE)

NOBODY = SubjectState(Subject(None, None), EMPTY_PROFILE, _EMPTY_BLOB, b"", 0, False)


class SubjectStates:
    """Loads subjects, in as few round trips as their links allow: one for a customer or visitor without any.

    A profile that is all of a subject is only looked at in outline, but by `load` (see `Packing.read_known`).
    """

    def __init__(self, store: Store, packing: Packing | None = None) -> None:
        self._store = store
        self._packing = packing or Packing(store)

    async def load(self, customer: CustomerId | None, visitor: VisitorId | None, workspace: Workspace) -> SubjectState:
        """The state of a customer, of a visitor, or of whoever a visitor is linked to; raises `Unavailable`."""
        if customer is None and visitor is None:
            return NOBODY
        own = await self.read(customer, visitor)
        state = self.alone(customer, visitor, own) or await self.joined(customer, visitor, own, workspace)
        try:
            state.profile.parts  # noqa: B018 - it is decoded by asking
        except Damaged as error:
            return state.damaged(error)
        return state

    def read(self, customer: CustomerId | None, visitor: VisitorId | None) -> Awaitable[list[bytes | None]]:
        """What the store has under somebody's own name: links, profile and contacts."""
        return self._store.get_many(_own_keys(customer, visitor))

    def alone(
        self, customer: CustomerId | None, visitor: VisitorId | None, own: Sequence[bytes | None]
    ) -> SubjectState | None:
        """The state of somebody without links, of what was read; None where there is more to ask for or to say.

        Most have no links, so what is their own is read before it is known whether there is more.
        """
        links, blob, history = own
        found = (EMPTY_PROFILE, _EMPTY_BLOB) if blob is None else self._packing.read_known(blob)
        if links is not None or found is None:
            return None
        subject, contacts = _visitor(visitor) if customer is None else Subject(customer, visitor), history or b""
        return SubjectState(subject, *found, contacts, len(contacts), bool(contacts) or blob is not None)

    async def joined(
        self,
        customer: CustomerId | None,
        visitor: VisitorId | None,
        own: Sequence[bytes | None],
        workspace: Workspace,
    ) -> SubjectState:
        """The state of somebody with links, of what was read and of what these link to; raises `Unavailable`."""
        found = dict(zip(_own_keys(customer, visitor), own, strict=True))
        (state,) = await self._follow([(customer, visitor)], found, workspace)
        return state

    async def load_all(self, people: Sequence[Person], workspace: Workspace) -> list[SubjectState]:
        """`load` for many, in the same few round trips."""
        found: dict[str, bytes | None] = {}
        await self._read(found, (key for person in people for key in _own_keys(*person)))
        return await self._follow(people, found, workspace)

    async def _follow(
        self, people: Sequence[Person], found: dict[str, bytes | None], workspace: Workspace
    ) -> list[SubjectState]:
        """The states of people whose own keys were read, and what these link to."""
        resolved = [_resolve(customer, visitor, found) for customer, visitor in people]
        await self._read(found, (key for person in resolved for key in _own_keys(*person)))
        listed = [_listed(asked, person, found) for asked, person in zip(people, resolved, strict=True)]
        # Read after the customers' own histories, even where it was read before: these are what is reserved against, so
        # whatever somebody else decided as the same customer is among both, or is too late for either.
        theirs: dict[str, bytes | None] = {}
        await self._read(theirs, (key for visitors in listed for one in visitors for key in _own_keys(None, one)))
        return [
            await self._resolved(asked, person, visitors, found, theirs, workspace)
            for asked, person, visitors in zip(people, resolved, listed, strict=True)
        ]

    async def _resolved(
        self,
        asked: Person,
        person: Person,
        listed: tuple[VisitorId, ...],
        found: dict[str, bytes | None],
        theirs: dict[str, bytes | None],
        workspace: Workspace,
    ) -> SubjectState:
        """The state of a person, of what was found of its own and of the visitors that may be the same."""
        customer, visitor = person
        if customer is None:
            return await self._found(_visitor(visitor), found, workspace)
        # Each visitor's own record has the last word.
        visitors = tuple(one for one in listed if customer_in(theirs[identity_key(one)]) == customer)
        if asked[0] is None and visitor not in visitors:
            return await self.load(*asked, workspace)
        both = ChainMap(theirs, found) if visitors else found
        return await self._found(Subject(customer, visitor, visitors), both, workspace)

    async def _read(self, found: dict[str, bytes | None], keys: Iterable[str]) -> None:
        new = [key for key in dict.fromkeys(keys) if key not in found]
        if new:
            found.update(zip(new, await self._store.get_many(new), strict=True))

    async def _found(self, subject: Subject, found: Found, workspace: Workspace) -> SubjectState:
        subjects = subject.subjects
        if not subjects:
            return NOBODY
        profiles = [found[profile_key(one)] for one in subjects]
        histories = [found[contacts_key(one)] or b"" for one in subjects]
        return await self._state(subject, subjects, profiles, histories, workspace)

    async def _state(
        self,
        subject: Subject,
        subjects: Sequence[SubjectId],
        stored: Sequence[bytes | None],
        histories: Sequence[bytes],
        workspace: Workspace,
    ) -> SubjectState:
        """The state of a subject, of what the store has of each that it is made of, the owner first."""
        contacts = b"".join(histories)
        damage, read = "", []
        try:
            for one, packed in zip(subjects, stored, strict=True):
                if packed is not None:
                    alone = self._packing.read_known(packed) if len(subjects) == 1 else None
                    read.append(alone or await self._packing.read(one, packed))
        except Damaged as error:
            read, damage = [], str(error)
        if len(read) > 1:
            profiles = [profile for profile, _ in read]
            of_customer = profiles.pop(0) if stored[0] is not None and subject.customer is not None else None
            profile = merge_profiles(of_customer, profiles, workspace)
            blob = profile.blob
        else:
            profile, blob = read[0] if read else (EMPTY_PROFILE, _EMPTY_BLOB)
        known = bool(contacts or read or damage)
        return SubjectState(subject, profile, blob, contacts, len(histories[0]), known, damage)


def _own_keys(customer: CustomerId | None, visitor: VisitorId | None) -> tuple[str, ...]:
    """Where the links, the profile and the contacts of somebody are."""
    if customer is not None:
        subject = customer_subject(customer)
        return visitors_key(customer), profile_key(subject), contacts_key(subject)
    if visitor is not None:
        subject = visitor_subject(visitor)
        return identity_key(visitor), profile_key(subject), contacts_key(subject)
    return ()


def _resolve(customer: CustomerId | None, visitor: VisitorId | None, found: Found) -> Person:
    """Somebody with the customer that the visitor is; one that was given is taken at its word."""
    if customer is None and visitor is not None:
        customer = customer_in(found[identity_key(visitor)])
    return customer, visitor


def _listed(asked: Person, person: Person, found: Found) -> tuple[VisitorId, ...]:
    """Who may be a customer: the names on its list, and the visitor who was asked for and said to be that customer."""
    customer, visitor = person
    if customer is None:
        return ()
    said = () if asked[0] is not None or visitor is None else (visitor,)
    return tuple(dict.fromkeys((*visitors_in(found[visitors_key(customer)]), *said)))


def _visitor(visitor: VisitorId | None) -> Subject:
    return Subject(None, visitor, () if visitor is None else (visitor,))
