"""What placements made of their contacts: their own decisions, judged on logged ones, beside showing nothing.

A placement that decided for the same subjects at the same moments as a logged experiment is a policy with a past of
its own: what it showed counts in its contact policy, though nobody saw it. Each logged decision that did the same tells
what that earned. Where a placement explores, the offers it drew stand for its probabilities; estimates stay unbiased.

Each moment is judged by itself: the subject is as the logged policy left it, and only the contact history is the
placement's own.
"""

from collections.abc import Mapping

import msgspec
import numpy as np

from rules.ids import OfferId, PlacementId
from training.evaluation.actions import LoggedActions, PolicyActions, chances_only, importance_weights
from training.evaluation.estimate import Estimate, estimates_of
from training.evaluation.estimators import Ratio, self_normalised
from training.evaluation.intervals import clustered_error
from training.evaluation.policies import Action
from training.material.occasion import Occasion

SILENCE = "silence"
SUPPORT = 0.9
"""Mean weight below which the logged policy did not show nothing often enough to tell what that is worth."""

Decided = Mapping[PlacementId, Mapping[Occasion, OfferId | None]]
"""What each placement showed first on each occasion; None where it showed nothing."""


class Reach(msgspec.Struct, frozen=True):
    """What a policy's contacts brought, in units of the goal.

    `contacts` counts per decision. `gain` is over the first of the policies, `contact_worth` what a contact brought
    more than showing nothing; each with its paired, clustered standard error, and NaN where it cannot be told.
    """

    policy: str
    contacts: float
    value: Estimate
    gain: float
    gain_error: float
    contact_worth: float
    contact_worth_error: float


class Deeds:
    """What placements did where decisions were logged, gathered decision by decision."""

    def __init__(self, decided: Decided) -> None:
        self._decided = decided
        self._same: dict[str, list[bool]] = {name: [] for name in (*decided, SILENCE)}
        self._shown: dict[str, list[bool]] = {name: [] for name in (*decided, SILENCE)}

    def missing(self, on: Occasion) -> str | None:
        """Why an occasion cannot be used: a placement did not decide on it."""
        return next((f"not decided for {name}" for name, offers in self._decided.items() if on not in offers), None)

    def add(self, on: Occasion, action: Action) -> None:
        """Note what everyone did on an occasion that none misses."""
        did: dict[str, OfferId | None] = {name: offers[on] for name, offers in self._decided.items()}
        for name, offer in (did | {SILENCE: None}).items():
            self._same[name].append(offer == action.offer)
            self._shown[name].append(offer is not None)

    def reaches(self, logged: LoggedActions) -> tuple[Reach, ...]:
        """The placements and silence beside each other on the logged decisions; nothing without placements."""
        if not self._decided:
            return ()
        same = {name: chances_only(np.array(column, np.float64)) for name, column in self._same.items()}
        values = {name: self_normalised(logged, policy) for name, policy in same.items()}
        silent = values[SILENCE] if _mean_weight(logged, same[SILENCE]) >= SUPPORT else None
        first = values[next(iter(self._decided))]
        estimates = dict(zip(values, estimates_of([*values.values()], logged.cluster), strict=True))
        found = []
        for name, value in values.items():
            contacts = float(np.mean(self._shown[name]))
            worth = error = float("nan")
            if silent is not None and contacts > 0:
                worth, error = (part / contacts for part in _over(value, silent, logged))
            found.append(Reach(name, contacts, estimates[name], *_over(value, first, logged), worth, error))
        return tuple(found)


def _over(value: Ratio, other: Ratio, logged: LoggedActions) -> tuple[float, float]:
    """The difference of two values, and its paired, clustered error."""
    if not value.counted.sum() or not other.counted.sum():
        return float("nan"), float("nan")
    return value.value - other.value, clustered_error(value.influence - other.influence, logged.cluster)


def _mean_weight(logged: LoggedActions, policy: PolicyActions) -> float:
    return float(importance_weights(logged, policy).mean())
