"""Whole slates judged: what all the ranks of a decision would have earned under policies."""

from collections.abc import Sequence

import msgspec
import numpy as np

from decision.engine.weighing import slots_of
from decision.journal.record import DecisionRecord
from rules.division import HOLDOUT
from rules.ids import OfferId
from training.evaluation.actions import Floats, LoggedActions, PolicyActions
from training.evaluation.estimate import Estimate
from training.evaluation.gain import Gain
from training.evaluation.policies import GREEDY, LOGGED, Conduct, action_of
from training.evaluation.ranks import Descent, RankRows, Row, rank_factors
from training.evaluation.slate_chances import rank_chances
from training.evaluation.support import Support, support_of
from training.material.ledger import Brought
from training.material.question import Question


class SlateValues(msgspec.Struct, frozen=True):
    """What a policy's slates would have earned per decision under one assumption, by the estimators' names.

    `gain` is by DR, paired, over what was logged. Where `support`, of ranks, refuses, nothing is to be shown.
    """

    estimates: dict[str, Estimate]
    support: Support
    gain: Gain


class SlateComparison(msgspec.Struct, frozen=True):
    """A policy's slates: each rank by itself, and as a cascade, in which a rank depends on all above it."""

    policy: str
    rank_by_rank: SlateValues
    cascade: SlateValues


class _Rows:
    """A policy's rows under both assumptions, and how far it has come down the slate that is being added."""

    def __init__(self) -> None:
        self.single: list[Row] = []
        self.whole: list[Row] = []
        self.begin()

    def begin(self) -> None:
        self._single, self._whole = Descent(), Descent()

    def add(self, chance: float, probability: float, expected: float, outside: float, going: float) -> None:
        self.single.append(self._single.rank(chance, expected, outside, going))
        self.whole.append(self._whole.rank(chance, expected, outside, chance / probability))


class _Step(msgspec.Struct, frozen=True):
    """What the log did at a rank: what that earned, how likely it was, and how likely nothing was."""

    value: float
    probability: float
    silence: float


class Slated:
    """Slates gathered decision by decision; `brought` tells what each offer of a decision earned."""

    def __init__(self, brought: Brought, question: Question) -> None:
        self._brought = brought
        self._response = question.objective == "response"
        self._subjects: list[str] = []
        self._keys: list[tuple[str, int]] = []
        self._of: list[int] = []
        self._logged: list[tuple[float, float, float]] = []
        self._policies: dict[str, _Rows] = {}
        self._decisions = 0

    def add(
        self, record: DecisionRecord, subject: str, conduct: Conduct, order: Sequence[OfferId], expected: Floats
    ) -> None:
        """Note a live decision's slate; who was held out has none, and was by chance: the others stand for them.

        `expected` f8[n + 1] is what each candidate, and last showing nothing, is expected to earn at rank 1. Showing
        nothing stands at rank 1, where it brought what came without an offer; where a slate ended before its last
        slot, nothing stands once more, and earns nothing.
        """
        if record.source != "live" or record.decision.group == HOLDOUT:
            return
        shown = [offer.offer for offer in sorted(record.decision.offers, key=lambda offer: offer.rank)]
        names = [name for name in conduct.chances if name != GREEDY]
        for name in names:
            self._policies.setdefault(name, _Rows()).begin()
        slots = slots_of(record.request, conduct.weighing.placement.bound.spec)
        below = np.append(expected[:-1], 0.0)
        for rank in range(max(1, min(len(shown) + 1, slots), len(shown))):
            above = shown[:rank]
            taken = [place for place in map(conduct.place_of, above) if place is not None]
            chances = rank_chances(conduct.weighings, order, taken)
            if 0 < rank == len(shown) and all(float(chances[name][-1]) == 1.0 for name in names):
                break
            own = _own_chances(conduct, above)
            step = self._step(record, rank, own)
            worth = below if rank else expected
            place = conduct.place_of(shown[rank] if rank < len(shown) else None)
            self._logged.append((step.value, step.probability, 0.0 if place is None else float(worth[place])))
            self._keys.append((record.request.placement, rank))
            self._subjects.append(subject)
            self._of.append(self._decisions)
            possible = (None if own is None else own > 0) if rank else conduct.own.possible
            for name in names:
                ranked = chances[name]
                chance = 0.0 if place is None else float(ranked[place])
                outside = np.nan if possible is None else float(ranked[~possible].sum())
                going = (1.0 - float(ranked[-1])) / (1.0 - step.silence) if step.silence < 1.0 else 1.0
                self._policies[name].add(chance, step.probability, float(ranked @ worth), outside, going)
        self._decisions += 1

    def _step(self, record: DecisionRecord, rank: int, own: Floats | None) -> "_Step":
        brought = self._brought.get(record.id, {})
        shown = next((offer for offer in record.decision.offers if offer.rank == rank + 1), None)
        silence = record.none_probability if rank == 0 else 0.0 if own is None else float(own[-1])
        if shown is not None:
            hits, value = brought.get(shown.offer, (0, 0.0))
            earned = (shown.value if hits else 0.0) if self._response else value
            return _Step(earned, shown.probability, silence)
        if rank == 0:
            action = action_of(record)
            earned = 0.0 if self._response else brought.get(OfferId(""), (0, 0.0))[1]
            return _Step(earned, 1.0 if action is None else action.probability, silence)
        # How likely a slate was to end is journalled at rank 1 only. Where the log's own model is not at hand,
        # certainty stands in: nothing is earned there, so that no value hangs on it, only the mean of weights.
        return _Step(0.0, silence or 1.0, silence)

    def comparisons(self) -> tuple[SlateComparison, ...]:
        """The policies beside each other; nothing without slates of more than one offer."""
        if max((rank for _, rank in self._keys), default=0) < 1:
            return ()
        value, probability, predicted = np.array(self._logged).T.copy()
        cluster = np.unique(self._subjects, return_inverse=True)[1].astype(np.int64)
        factors = rank_factors(self._keys, value, predicted)
        logged = LoggedActions(value, probability, cluster, predicted * factors)
        rows = RankRows(logged, np.array(self._of, np.int64))
        done = PolicyActions(probability, logged.predicted, np.zeros(len(value)))

        def values(policy: PolicyActions) -> SlateValues:
            return SlateValues(rows.estimates(policy), support_of(logged, policy), rows.gain(policy, done))

        found = [
            SlateComparison(name, *(values(_policy(each, factors)) for each in (one.single, one.whole)))
            for name, one in self._policies.items()
        ]
        return (*found, SlateComparison(LOGGED, values(done), values(done)))


def _policy(rows: Sequence[Row], factors: Floats) -> PolicyActions:
    chance, expected, outside = np.array(rows).T.copy()
    return PolicyActions(chance, expected * factors, outside)


def _own_chances(conduct: Conduct, above: Sequence[OfferId]) -> Floats | None:
    """The log's own chance of every candidate after the offers above, and last of ending there; None where unknown."""
    own = conduct.own.weighing
    if own is None:
        return None
    there, here = own.placement.bound.position, conduct.weighing.placement.bound.position
    ranked = rank_chances({LOGGED: own}, (), [there[offer] for offer in above if offer in there])[LOGGED]
    if there is here:
        return ranked
    found = np.zeros(len(here) + 1)
    found[-1] = ranked[-1]
    for offer, place in there.items():
        if offer in here:
            found[here[offer]] = ranked[place]
    return found
