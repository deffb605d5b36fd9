"""What is known of a request's subject: one profile and one contact history, customer and linked visitors merged."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from decision.keys import SubjectId
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities, Subject
from decision.subject.merging import merge_profiles
from decision.subject.profile import EMPTY_PROFILE, Profile
from decision.subject.profiles import Profiles
from rules.ids import CustomerId, VisitorId
from rules.workspace import Workspace


class SubjectState(msgspec.Struct, frozen=True):
    """`contacts` is the joined history; `owned` how many bytes of it are the owner's own, which come first."""

    subject: Subject
    profile: Profile
    contacts: bytes
    owned: int
    known: bool


NOBODY = SubjectState(Subject(None, None), EMPTY_PROFILE, b"", 0, False)


class SubjectStates:
    """Loads subjects, in as few round trips as their links allow: one for a customer or visitor without any."""

    def __init__(self, identities: Identities, profiles: Profiles, contacts: Contacts) -> None:
        self._identities = identities
        self._profiles = profiles
        self._contacts = contacts

    async def load(self, customer: CustomerId | None, visitor: VisitorId | None, workspace: Workspace) -> SubjectState:
        """The state of a customer, of a visitor, or of whoever a visitor is linked to; raises `Unavailable`."""
        (state,) = await self.load_all([(customer, visitor)], workspace)
        return state

    async def load_all(
        self, people: Sequence[tuple[CustomerId | None, VisitorId | None]], workspace: Workspace
    ) -> list[SubjectState]:
        """`load` for many, in the same few round trips."""
        owners = (Subject(customer, visitor).owner for customer, visitor in people)
        guesses = tuple(owner for owner in owners if owner is not None)
        # Most subjects have no links, so theirs is read before it is known whether there are more.
        subjects, found = await asyncio.gather(self._identities.resolve_all(people), self._read(guesses))
        further = tuple(one for subject in subjects for one in subject.subjects if one not in found)
        if further:
            found.update(await self._read(further))
        return [_state(subject, found, workspace) for subject in subjects]

    async def _read(self, subjects: tuple[SubjectId, ...]) -> dict[SubjectId, tuple[Profile | None, bytes]]:
        profiles, contacts = await asyncio.gather(self._profiles.load(subjects), self._contacts.load(subjects))
        return dict(zip(subjects, zip(profiles, contacts, strict=True), strict=True))


def _state(
    subject: Subject, found: Mapping[SubjectId, tuple[Profile | None, bytes]], workspace: Workspace
) -> SubjectState:
    if not subject.subjects:
        return NOBODY
    read = [found[one] for one in subject.subjects]
    first = read[0][0] if subject.customer is not None else None
    linked = [profile for profile, _ in (read[1:] if subject.customer is not None else read) if profile is not None]
    known = any(profile is not None or history for profile, history in read)
    profile = merge_profiles(first, linked, workspace) if first is not None or linked else EMPTY_PROFILE
    return SubjectState(subject, profile, b"".join(history for _, history in read), len(read[0][1]), known)
