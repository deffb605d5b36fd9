"""How a profile changes: by an event, by an outcome, by a patch; each gives a new profile."""

from collections.abc import Iterable, Mapping

from decision.journal.record import EventRecord, OutcomeRecord
from decision.subject import activity, affinity
from decision.subject.profile import AttributeValue, Decayed, Profile
from rules.attribute import check_size
from rules.errors import Fault, Invalid
from rules.ids import Instant
from rules.offer import Column, OfferTable
from rules.workspace import Affinity, Workspace

PatchValue = AttributeValue | Mapping[str, float | None] | None
"""A patch of one attribute: its new value, None to remove it, or for a map the changed keys (None removes one)."""


def apply_event(profile: Profile, workspace: Workspace, event: EventRecord) -> Profile:
    """The profile after an event, which may be older than what the profile already knows."""
    affinities = dict(profile.affinities)
    for name, declared in workspace.affinities.items():
        _learn(affinities, name, declared, event.kind, event.at, _words(event.attributes.get(declared.event)))
    activities = dict(profile.activities)
    for name, counted in workspace.activities.items():
        if event.kind in counted.events:
            activities[name] = activity.happened(activities.get(name), event.at, event.value)
    return Profile(profile.attributes, affinities, activities, profile.consents)


def apply_outcome(
    profile: Profile, workspace: Workspace, outcome: OutcomeRecord, offers: OfferTable, row: int
) -> Profile:
    """The profile after an outcome of the offer in a row of the table."""
    affinities = dict(profile.affinities)
    for name, declared in workspace.affinities.items():
        column = offers.columns.get(declared.offer)
        if column is not None:
            _learn(affinities, name, declared, outcome.kind, outcome.at, _cell(column, row))
    return Profile(profile.attributes, affinities, profile.activities, profile.consents)


def patch_profile(
    profile: Profile, attributes: Mapping[str, PatchValue], consents: Mapping[str, bool | None]
) -> Profile:
    """The profile after a JSON merge patch (RFC 7396) whose values are already checked against their types.

    Raises `Invalid` where merging makes a map, or the consents, larger than a profile should carry for ever.
    """
    faults: list[Fault] = []
    changed = dict(profile.attributes)
    for name, value in attributes.items():
        patched = _patched(changed.get(name), value)
        if patched is None:
            changed.pop(name, None)
        else:
            changed[name] = patched
            _check(f"attributes.{name}", patched, faults)
    merged = {**profile.consents, **consents}
    given = {name: consent for name, consent in merged.items() if consent is not None}
    if len(given) > len(profile.consents):
        _check("consents", given, faults)
    if faults:
        raise Invalid(tuple(faults))
    return Profile(changed, profile.affinities, profile.activities, given)


def _check(field: str, value: object, faults: list[Fault]) -> None:
    try:
        check_size(value)
    except ValueError as error:
        faults.append(Fault(field, str(error)))


def _patched(old: AttributeValue | None, value: PatchValue) -> AttributeValue | None:
    if not isinstance(value, Mapping):
        return value
    merged: dict[str, float | None] = {**(old if isinstance(old, dict) else {}), **value}
    return {key: weight for key, weight in merged.items() if weight is not None}


def _learn(
    affinities: dict[str, dict[str, Decayed]],
    name: str,
    declared: Affinity,
    kind: str,
    at: Instant,
    values: Iterable[str],
) -> None:
    weight = declared.weights.get(kind, 0.0)
    if weight == 0.0:
        return
    for value in values:
        entries = affinities.get(name, {})
        affinities[name] = affinity.add(entries, value, Decayed(weight, at), affinity.half_life_of(declared))


def _words(value: AttributeValue | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else ()


def _cell(column: Column, row: int) -> tuple[str, ...]:
    if not column.present[row]:
        return ()
    if column.type == "string":
        return (column.words[int(column.data[row])],)
    if column.type == "list":
        return tuple(word for word, member in zip(column.words, column.data[row], strict=True) if member)
    return ()
