"""Computed traits: the preferred value of an affinity, unless the customer has said it."""

from collections.abc import Mapping

from decision.subject.affinity import shares
from rules.facts import FactValue


def preferred(
    declared: FactValue | None, weights: Mapping[str, float], searching: FactValue | None, blend: float
) -> str | None:
    """The trait's value, or None while there is no evidence; `weights` is its affinity, decayed to now.

    What the customer has declared wins. Otherwise what is searched now has the share `blend` and the affinity the rest;
    the largest share wins, and of equal ones the alphabetically first value.
    """
    if isinstance(declared, str) and declared:
        return declared
    blended = shares(weights)
    if isinstance(searching, str) and searching and blend > 0.0:
        blended = {value: share * (1.0 - blend) for value, share in blended.items()}
        blended[searching] = blended.get(searching, 0.0) + blend
    # The first of the largest, in alphabetical order.
    return max(sorted(blended), key=blended.__getitem__, default=None)
