"""The facts of one request: everything that rules, features and weights may read, but the offers."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from decision.engine.request import ContextValue
from decision.subject import activity, affinity
from decision.subject.profile import AttributeValue, Decayed, Profile
from decision.subject.trait import preferred
from rules.bound_placement import BoundPlacement
from rules.catalogue import Catalogue
from rules.contact_tally import Counts
from rules.fact_paths import AttributePath
from rules.facts import Facts, FactValue
from rules.ids import Instant

_NOTHING: Mapping[str, Decayed] = {}


class Known(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What the facts of a request are made of; they are only made when somebody asks (`decision.engine.reading`)."""

    catalogue: Catalogue
    bound: BoundPlacement
    profile: Profile
    counts: Counts | None
    context: Mapping[str, ContextValue]
    now: Instant

    @cached_property
    def facts(self) -> Facts:
        """The facts as paths."""
        return facts_of(self.catalogue, self.bound, self.profile, self.counts, self.context, self.now)


def facts_of(
    catalogue: Catalogue,
    bound: BoundPlacement,
    profile: Profile,
    counts: Counts | None,
    context: Mapping[str, ContextValue],
    now: Instant,
) -> Facts:
    """The facts as paths (`rules.facts`) for a subject at a placement and a moment.

    `counts` are the contacts as the placement's tally counts them; None, an unknown history, tells of none. Attributes
    that the catalogue does not declare, or declares with another type than they were stored with, are absent: a profile
    outlives the workspace it was written under.
    """
    paths = catalogue.paths
    facts: dict[str, FactValue] = {"now": now, "channel": bound.spec.channel, "placement": bound.id}
    _add_declared(facts, paths.customer, profile.attributes)
    _add_declared(facts, paths.context, context)
    weights: dict[str, dict[str, float]] = {}
    for kind in paths.affinities:
        entries = profile.affinities.get(kind.name, _NOTHING)
        facts[kind.path] = weights[kind.path] = affinity.weights(entries, now, kind.half_life)
    for trait in paths.traits:
        searching = facts.get(trait.searching) if trait.searching else None
        value = preferred(facts.get(trait.declared), weights[trait.affinity], searching, trait.blend)
        if value is not None:
            facts[trait.path] = value
    for done in paths.activities:
        figures = profile.activities.get(done.name)
        facts[done.frequency] = figures.count if figures else 0
        facts[done.monetary] = figures.value if figures else 0.0
        if figures:
            facts[done.recency] = activity.recency(figures, now)
    facts.update(bound.counters.tell(counts))
    return facts


def _add_declared(
    facts: dict[str, FactValue],
    declared: Mapping[str, AttributePath],
    values: Mapping[str, AttributeValue] | Mapping[str, ContextValue],
) -> None:
    for name, value in values.items():
        attribute = declared.get(name)
        # The exact type: a bool is an int to isinstance, but not to CEL.
        if attribute is not None and type(value) in attribute.stored_as:
            facts[attribute.path] = tuple(value) if isinstance(value, list) else value
