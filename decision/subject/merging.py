"""Several subjects that are one person: their profiles as one, made at read so that unlinking gives each back."""

from collections.abc import Iterable, Sequence

from decision.subject import activity, affinity
from decision.subject.profile import ActivityFigures, AttributeValue, Profile, encode_profile
from rules.workspace import Workspace


def merge_profiles(customer: Profile | None, visitors: Iterable[Profile], workspace: Workspace) -> Profile:
    """One profile from a customer's and those of the linked visitors, in whatever order these come.

    Affinities and activities add up. What the customer's profile declares (attributes, consents) wins; among visitors
    a refused consent wins, and of two attribute values the one of the profile whose blob sorts first. Affinities that
    the workspace does not declare are left out, for nothing says how fast they fade.
    """
    # Sums of floats depend on their order, so the order must not depend on who lists the visitors.
    ordered = sorted(visitors, key=encode_profile)
    if not ordered and customer is not None:
        return customer
    profiles = [customer, *ordered] if customer is not None else ordered
    if len(profiles) == 1:
        return profiles[0]
    return Profile(
        attributes=_attributes(profiles),
        affinities={
            name: merged
            for name, declared in workspace.affinities.items()
            if (
                merged := affinity.merge(
                    (profile.affinities.get(name, {}) for profile in profiles), affinity.half_life_of(declared)
                )
            )
        },
        activities=_activities(profiles),
        consents=_consents(customer, ordered),
    )


def _attributes(profiles: Sequence[Profile]) -> dict[str, AttributeValue]:
    merged: dict[str, AttributeValue] = {}
    for profile in reversed(profiles):
        merged.update(profile.attributes)
    return merged


def _activities(profiles: Sequence[Profile]) -> dict[str, ActivityFigures]:
    merged: dict[str, ActivityFigures] = {}
    for profile in profiles:
        for name, figures in profile.activities.items():
            merged[name] = activity.combine(merged.get(name), figures)
    return merged


def _consents(customer: Profile | None, visitors: Sequence[Profile]) -> dict[str, bool]:
    merged: dict[str, bool] = {}
    for visitor in visitors:
        for name, given in visitor.consents.items():
            merged[name] = merged.get(name, True) and given
    return {**merged, **(customer.consents if customer else {})}
