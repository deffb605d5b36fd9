"""Customers as callers see and change them: profiles, and who a visitor is."""

from collections.abc import Callable, Mapping
from random import Random

import msgspec

from decision.clock import Clock
from decision.engine.facts import facts_of
from decision.journal.journal import Journal
from decision.journal.record import ProfileRecord
from decision.keys import customer_subject
from decision.service.admission import read_values, served
from decision.service.answer import ActivityAnswer, AffinityAnswer, CustomerAnswer
from decision.service.question import LinkReport, ProfileForm, ProfilePatch, RawValue
from decision.service.refreshing import Refresher
from decision.subject import affinity
from decision.subject.changing import PatchValue, patch_profile
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities
from decision.subject.profile import AttributeValue, Profile, as_stored, encode_profile
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from rules.errors import Damaged, Fault, Invalid, NotFound
from rules.ids import CustomerId, Instant, VisitorId
from rules.instant import format_instant
from rules.workspace import Attribute, Workspace


class Customers:
    """Profiles and identities.

    The journal comes first, so that no change is made which it does not know of. A caller that got no answer sends
    the same again; the journal then tells of it twice.

    A profile that cannot be read is refused with what to do, not guessed at: only a whole one takes its place, and what
    was learned from behaviour begins anew, or the customer is forgotten. Until then its decisions go without a profile,
    and reports about it are taken, which the journal keeps for whoever restores it.
    """

    def __init__(
        self,
        refresher: Refresher,
        states: SubjectStates,
        identities: Identities,
        profiles: Profiles,
        contacts: Contacts,
        journal: Journal,
        clock: Clock,
        random: Random,
    ) -> None:
        self._refresher = refresher
        self._states = states
        self._identities = identities
        self._profiles = profiles
        self._contacts = contacts
        self._journal = journal
        self._clock = clock
        self._random = random

    async def put(self, customer: CustomerId, form: ProfileForm) -> CustomerAnswer:
        """Set attributes and consents as a whole; what was learned from behaviour stays, if it can be read."""
        attributes = self._check(form.attributes)
        await self._change(
            customer,
            "put",
            lambda profile: Profile(attributes, profile.affinities, profile.activities, form.consents),
            mend=True,
        )
        return await self.get(customer)

    async def patch(self, customer: CustomerId, patch: ProfilePatch) -> CustomerAnswer:
        """Apply a JSON merge patch; a customer that did not exist does from now on. Raises `Damaged`."""
        await self._change(customer, "patch", self._patching(patch))
        return await self.get(customer)

    async def get(self, customer: CustomerId) -> CustomerAnswer:
        """The profile as a decision would see it now; raises `NotFound` and `Damaged`."""
        snapshot = served(self._refresher.snapshot)
        catalogue, now = snapshot.catalogue, self._clock()
        state = await self._states.load(customer, None, catalogue.workspace)
        if not state.known and not state.subject.visitors:
            raise NotFound(f"Nothing is known of customer {customer!r}; PUT a profile, or send events.")
        if state.damage:
            raise Damaged(state.damage)
        placement = next(iter(catalogue.placements.values()))
        facts = facts_of(catalogue, placement, state.profile, None, {}, now)
        traits = {
            name.removeprefix("trait."): value
            for name, value in facts.items()
            if name.startswith("trait.") and isinstance(value, str)
        }
        return _answer(customer, state.profile, traits, state.subject.visitors, catalogue.workspace, now)

    async def delete(self, customer: CustomerId) -> None:
        """Forget the customer: profile, contacts, and the visitors linked to it; raises `NotFound`.

        What a broken-off attempt left is found, and forgotten, by the next one.
        """
        state = await self._states.load(customer, None, served(self._refresher.snapshot).catalogue.workspace)
        if not state.known and not state.subject.visitors:
            raise NotFound(f"Nothing is known of customer {customer!r}.")
        await self._journal.append(self._record(customer, "delete", None))
        await self._identities.forget(customer, self._clock())
        await self._profiles.delete(customer_subject(customer))
        await self._contacts.delete(customer_subject(customer))

    async def link(self, link: LinkReport) -> None:
        """From the next decision on the visitor's behaviour counts for the customer."""
        record = self._record(link.customer, "link", None)
        await self._journal.append(msgspec.structs.replace(record, visitor=link.visitor, evidence=link.evidence))
        await self._identities.link(link.visitor, link.customer, link.evidence, self._clock())

    async def unlink(self, visitor: VisitorId) -> None:
        """The visitor is nobody's again, with the behaviour it came with; raises `NotFound`."""
        identity = await self._identities.find(visitor)
        if identity is None:
            raise NotFound(f"Visitor {visitor!r} is not linked to a customer.")
        record = self._record(identity.customer, "unlink", None)
        await self._journal.append(msgspec.structs.replace(record, visitor=visitor))
        await self._identities.unlink(visitor, self._clock())

    async def _change(
        self, customer: CustomerId, name: str, change: Callable[[Profile], Profile], mend: bool = False
    ) -> None:
        async def announce(changed: Profile) -> None:
            await self._journal.append(self._record(customer, name, changed))

        await self._profiles.change(customer_subject(customer), change, announce=announce, mend=mend)

    def _patching(self, patch: ProfilePatch) -> Callable[[Profile], Profile]:
        raw = patch.attributes
        if raw is None or patch.consents is None:
            gone = [name for name in ("attributes", "consents") if getattr(patch, name) is None]
            raise Invalid(tuple(Fault(name, "cannot be removed as a whole; PUT a profile without it") for name in gone))
        given = {} if raw is msgspec.UNSET else raw
        consents = {} if patch.consents is msgspec.UNSET else patch.consents
        # Removals have no type to hold them against, but the names must be declared all the same.
        present = {name: _without_removals(value) for name, value in given.items() if value is not None}
        checked = self._check(present, also=[name for name, value in given.items() if value is None])
        attributes: dict[str, PatchValue] = {
            name: _with_removals(checked.get(name), value) for name, value in given.items()
        }
        return lambda profile: patch_profile(profile, attributes, consents)

    def _check(self, raw: Mapping[str, RawValue], also: list[str] | None = None) -> dict[str, AttributeValue]:
        """The attributes as stored; raises `Invalid` with every fault."""
        declared = served(self._refresher.snapshot).catalogue.workspace.attributes.customer
        values, faults = read_values(declared, dict(raw), "attributes")
        unknown = tuple(_undeclared(name, declared) for name in also or () if name not in declared)
        if faults or unknown:
            raise Invalid((*faults, *unknown))
        return as_stored(values)

    def _record(self, customer: CustomerId, change: str, profile: Profile | None) -> ProfileRecord:
        return msgspec.convert(
            {
                "record": "profile",
                "id": f"{self._random.getrandbits(128):032x}",
                "written": self._clock(),
                "customer": customer,
                "change": change,
                "profile": None if profile is None else encode_profile(profile),
            },
            ProfileRecord,
        )


def _undeclared(name: str, declared: Mapping[str, Attribute]) -> Fault:
    return Fault(f"attributes.{name}", f"is not a customer attribute; known are {', '.join(declared) or 'none'}")


def _without_removals(value: object) -> RawValue:
    if isinstance(value, dict):
        return {key: weight for key, weight in value.items() if weight is not None}
    return value  # type: ignore[return-value]


def _with_removals(checked: AttributeValue | None, raw: object) -> PatchValue:
    if isinstance(raw, dict) and isinstance(checked, dict):
        return {**checked, **{key: None for key, weight in raw.items() if weight is None}}
    return checked


def _answer(
    customer: CustomerId,
    profile: Profile,
    traits: Mapping[str, str],
    visitors: tuple[VisitorId, ...],
    workspace: Workspace,
    now: Instant,
) -> CustomerAnswer:
    attributes = {
        name: format_instant(Instant(value)) if _is_instant(workspace, name) and isinstance(value, int) else value
        for name, value in profile.attributes.items()
    }
    affinities = {}
    for name, declared in workspace.affinities.items():
        weights = affinity.weights(profile.affinities.get(name, {}), now, affinity.half_life_of(declared))
        ordered = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))
        affinities[name] = tuple(AffinityAnswer(value, weight) for value, weight in ordered)
    activities = {
        name: ActivityAnswer(figures.count, figures.value, format_instant(figures.last))
        for name, figures in profile.activities.items()
    }
    return CustomerAnswer(customer, attributes, profile.consents, affinities, activities, traits, visitors)


def _is_instant(workspace: Workspace, name: str) -> bool:
    attribute = workspace.attributes.customer.get(name)
    return attribute is not None and attribute.type == "timestamp"
