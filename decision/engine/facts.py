"""The facts of one request: everything that rules, features and weights may read, but the offers."""

from collections.abc import Mapping

from decision.engine.request import ContextValue
from decision.subject import activity, affinity
from decision.subject.profile import AttributeValue, Profile
from decision.subject.trait import preferred
from rules.catalogue import Catalogue
from rules.contact import ContactHistory
from rules.facts import Facts, FactValue
from rules.ids import Instant, PlacementId
from rules.workspace import Attribute, AttributeType

_STORED_AS: Mapping[AttributeType, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "timestamp": (int,),
    "list": (list, tuple),
    "map": (dict,),
}


def facts_of(
    catalogue: Catalogue,
    placement: PlacementId,
    profile: Profile,
    history: ContactHistory,
    context: Mapping[str, ContextValue],
    now: Instant,
) -> Facts:
    """The facts as paths (`rules.facts`) for a subject at a placement and a moment.

    Attributes that the catalogue does not declare, or declares with another type than they were stored with, are
    absent: a profile outlives the workspace it was written under.
    """
    workspace = catalogue.workspace
    customer = _declared(workspace.attributes.customer, profile.attributes)
    stated = _declared(workspace.attributes.context, context)
    facts: dict[str, FactValue] = {"now": now, "channel": workspace.placements[placement].channel}
    facts["placement"] = placement
    facts.update((f"customer.{name}", value) for name, value in customer.items())
    facts.update((f"context.{name}", value) for name, value in stated.items())
    weights = {
        name: affinity.weights(profile.affinities.get(name, {}), now, affinity.half_life_of(declared))
        for name, declared in workspace.affinities.items()
    }
    facts.update((f"affinity.{name}", weight) for name, weight in weights.items())
    for name, trait in workspace.traits.items():
        value = preferred(trait, customer, weights[trait.affinity], stated)
        if value is not None:
            facts[f"trait.{name}"] = value
    for name in workspace.activities:
        figures = profile.activities.get(name)
        facts[f"activity.{name}.frequency"] = figures.count if figures else 0
        facts[f"activity.{name}.monetary"] = figures.value if figures else 0.0
        if figures:
            facts[f"activity.{name}.recency"] = activity.recency(figures, now)
    facts.update((f"contacts.{name}", count) for name, count in catalogue.counters.count(history, now).items())
    return facts


def _declared(
    attributes: Mapping[str, Attribute], values: Mapping[str, AttributeValue] | Mapping[str, ContextValue]
) -> dict[str, FactValue]:
    fitting: dict[str, FactValue] = {}
    for name, value in values.items():
        attribute = attributes.get(name)
        # The exact type: a bool is an int to isinstance, but not to CEL.
        if attribute is not None and type(value) in _STORED_AS[attribute.type]:
            fitting[name] = tuple(value) if isinstance(value, list) else value
    return fitting
