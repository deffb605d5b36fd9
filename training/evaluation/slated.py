"""Whole slates judged: what all the ranks of a decision would have earned under policies."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from decision.journal.record import DecisionRecord
from rules.division import HOLDOUT
from rules.ids import OfferId
from training.evaluation.actions import Floats
from training.evaluation.estimate import Estimate, estimates_of
from training.evaluation.policies import GREEDY, LOGGED, Conduct, action_of
from training.evaluation.slate_chances import rank_chances
from training.evaluation.slates import SlateActions, cascade, rank_by_rank
from training.evaluation.support import LEAST_EFFECTIVE, effective_number, effective_subjects
from training.material.ledger import Brought
from training.material.question import Question


class SlateComparison(msgspec.Struct, frozen=True):
    """What a policy's slates would have earned per decision, by IPS over ranks, under two assumptions.

    `effective_sample_size` is that of the weights of whole slates; `refused` says that too few subjects carry them
    for a mean, so that `cascade` is not to be shown.
    """

    policy: str
    rank_by_rank: Estimate
    cascade: Estimate
    effective_sample_size: float
    refused: bool


class Slated:
    """Slates gathered decision by decision; `brought` tells what each offer of a decision earned."""

    def __init__(self, brought: Brought, question: Question) -> None:
        self._brought = brought
        self._question = question
        self._subjects: list[str] = []
        self._values: list[list[float]] = []
        self._probabilities: list[list[float]] = []
        self._chances: dict[str, list[list[float]]] = {}
        self._begun: dict[str, list[float]] = {}

    def add(self, record: DecisionRecord, subject: str, conduct: Conduct, order: Sequence[OfferId]) -> None:
        """Note a live decision's slate; who was held out has none, and was by chance: the others stand for them.

        Showing nothing stands at rank 1, where it brought what came without an offer.
        """
        if record.source != "live" or record.decision.group == HOLDOUT:
            return
        silent = {name: float(ranked[-1]) for name, ranked in conduct.chances.items() if name != GREEDY}
        spoken = 1.0 - record.none_probability if record.decision.offers else 1.0
        for name, chance in silent.items():
            self._begun.setdefault(name, []).append((1.0 - chance) / spoken)
        if not record.decision.offers:
            self._add_silence(record, subject, silent)
            return
        shown = sorted(record.decision.offers, key=lambda offer: offer.rank)
        chances: dict[str, list[float]] = {name: [] for name in conduct.chances if name != GREEDY}
        taken: list[int] = []
        for offer in shown:
            place = conduct.place_of(offer.offer)
            ranked = rank_chances(conduct.weighings, order, taken)
            for name, column in chances.items():
                column.append(0.0 if place is None else float(ranked[name][place]))
            if place is not None:
                taken.append(place)
        brought = self._brought.get(record.id, {})
        response = self._question.objective == "response"
        self._subjects.append(subject)
        self._probabilities.append([offer.probability for offer in shown])
        self._values.append(
            [
                (offer.value if hits else 0.0) if response else value
                for offer, (hits, value) in ((offer, brought.get(offer.offer, (0, 0.0))) for offer in shown)
            ]
        )
        for name, column in chances.items():
            self._chances.setdefault(name, []).append(column)

    def _add_silence(self, record: DecisionRecord, subject: str, silent: Mapping[str, float]) -> None:
        action = action_of(record)
        _, value = self._brought.get(record.id, {}).get(OfferId(""), (0, 0.0))
        self._subjects.append(subject)
        self._probabilities.append([1.0 if action is None else action.probability])
        self._values.append([0.0 if self._question.objective == "response" else value])
        for name, chance in silent.items():
            self._chances.setdefault(name, []).append([chance])

    def comparisons(self) -> tuple[SlateComparison, ...]:
        """The policies beside each other; nothing without slates of more than one offer."""
        ranks = max(map(len, self._values), default=0)
        if ranks < 2:
            return ()
        value, probability = _padded(self._values, ranks, 0.0), _padded(self._probabilities, ranks, 1.0)
        cluster = np.unique(self._subjects, return_inverse=True)[1].astype(np.int64)
        policies = {name: _padded(rows, ranks, 1.0) for name, rows in self._chances.items()}
        found = []
        for name, chance in {**policies, LOGGED: probability}.items():
            slates = SlateActions(value, probability, chance, np.array(self._begun.get(name, [1.0] * len(value))))
            single, whole = estimates_of([rank_by_rank(slates), cascade(slates)], cluster)
            weights = slates.weights.prod(axis=1)
            few = effective_subjects(weights, cluster) < LEAST_EFFECTIVE
            found.append(SlateComparison(name, single, whole, effective_number(weights), few))
        return tuple(found)


def _padded(rows: Sequence[Sequence[float]], ranks: int, beyond: float) -> Floats:
    return np.array([[*row, *[beyond] * (ranks - len(row))] for row in rows])
