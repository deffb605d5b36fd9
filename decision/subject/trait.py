"""Computed traits: the preferred value of an affinity, unless the customer has said it."""

from collections.abc import Mapping

from decision.subject.affinity import shares
from rules.facts import FactValue
from rules.workspace import Trait


def preferred(
    trait: Trait,
    customer: Mapping[str, FactValue],
    weights: Mapping[str, float],
    context: Mapping[str, FactValue],
) -> str | None:
    """The trait's value, or None while there is no evidence; `weights` is the trait's affinity, decayed to now.

    A declared preference wins. Otherwise what is searched now has the share `blend` and the affinity the rest; the
    largest share wins, and of equal ones the alphabetically first value.
    """
    declared = customer.get(trait.declared) if trait.declared else None
    if isinstance(declared, str) and declared:
        return declared
    blended = shares(weights)
    searching = context.get(trait.searching) if trait.searching else None
    if isinstance(searching, str) and searching and trait.blend > 0.0:
        blended = {value: share * (1.0 - trait.blend) for value, share in blended.items()}
        blended[searching] = blended.get(searching, 0.0) + trait.blend
    return min(blended, key=lambda value: (-blended[value], value), default=None)
