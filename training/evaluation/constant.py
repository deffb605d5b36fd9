"""The best fixed order of offers: what one would show everybody without knowing anybody."""

from collections.abc import Iterable

from rules.ids import OfferId
from training.evaluation.policies import action_of, worth_of
from training.material.ledger import Earned
from training.material.question import Question

STRENGTH = 50.0
"""How many decisions of average value an offer starts with, so that luck with a rare one does not make it best."""


def best_order(taken: Iterable[tuple[OfferId, float, float]]) -> tuple[OfferId, ...]:
    """Offers from best to worst by their SNIPS value, shrunk to the mean of all.

    `taken` holds, for each logged decision that showed an offer first, the offer, its probability and what it earned.
    """
    weights: dict[OfferId, float] = {}
    earned: dict[OfferId, float] = {}
    counts: dict[OfferId, int] = {}
    for offer, probability, value in taken:
        weights[offer] = weights.get(offer, 0.0) + 1 / probability
        earned[offer] = earned.get(offer, 0.0) + value / probability
        counts[offer] = counts.get(offer, 0) + 1
    if not weights:
        return ()
    mean = sum(earned.values()) / sum(weights.values())
    shrunk = {
        offer: (earned[offer] / weights[offer] * counts[offer] + STRENGTH * mean) / (counts[offer] + STRENGTH)
        for offer in weights
    }
    return tuple(sorted(shrunk, key=lambda offer: (-shrunk[offer], offer)))


def constant_order(earlier: Iterable[Earned], question: Question) -> tuple[OfferId, ...]:
    """The fixed order of offers that earned best on earlier decisions."""
    taken = []
    for earned in earlier:
        action = action_of(earned.record)
        if action is not None and action.offer is not None:
            taken.append((action.offer, action.probability, worth_of(earned, action, question)))
    return best_order(taken)
