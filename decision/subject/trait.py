"""Computed traits: the preferred value of an affinity, unless the customer has said it."""

from collections.abc import Mapping

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
    total = sum([weight for weight in weights.values() if weight > 0.0])
    searched = searching if isinstance(searching, str) and blend > 0.0 else ""
    kept = 1.0 - blend if searched else 1.0
    best, largest = None, 0.0
    for value, weight in weights.items():
        if weight > 0.0:
            share = weight / total * kept
            if value == searched:
                share, searched = share + blend, ""
            if share > largest or best is None or (share == largest and value < best):
                best, largest = value, share
    # Searched now, and never liked before.
    if searched and (best is None or blend > largest or (blend == largest and searched < best)):
        best = searched
    return best
