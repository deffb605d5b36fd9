"""Off-policy evaluation: what a model's decisions would have earned on logged ones, beside simple policies."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord
from models.model import Model
from rules.catalogue import Catalogue
from rules.errors import ArtefactError
from rules.ids import OfferId
from training.errors import TrainingError
from training.evaluation.constant import best_order
from training.evaluation.estimators import Estimate, LoggedActions, gain, inverse_propensity, self_normalised
from training.evaluation.policies import CONSTANT, LOGGED, UNIFORM, Action, action_of, chances
from training.evaluation.reach import Decided, Deeds, Reach
from training.material.ledger import Earned
from training.material.occasion import occasion
from training.material.question import Question


class Comparison(msgspec.Struct, frozen=True):
    """One policy's estimates, and its paired gain over the constant with the gain's standard error."""

    policy: str
    ips: Estimate
    snips: Estimate
    gain: float
    gain_error: float


class Evaluation(msgspec.Struct, frozen=True):
    """All policies on the same decisions; `skipped` counts decisions by why they could not be used.

    `reaches` are of the placements that were to be judged too.
    """

    comparisons: tuple[Comparison, ...]
    decisions: int
    skipped: dict[str, int]
    constant: OfferId | None
    reaches: tuple[Reach, ...] = ()

    def of(self, policy: str) -> Comparison:
        """The figures of one policy; KeyError when it was not evaluated."""
        return {comparison.policy: comparison for comparison in self.comparisons}[policy]


def constant_order(earlier: Iterable[Earned], question: Question) -> tuple[OfferId, ...]:
    """The fixed order of offers that earned best on earlier decisions."""
    taken = []
    for earned in earlier:
        action = action_of(earned.record)
        if action is not None and action.offer is not None:
            taken.append((action.offer, action.probability, worth_of(earned, action, question)))
    return best_order(taken)


def worth_of(earned: Earned, action: Action, question: Question) -> float:
    """What a decision earned: the outcomes' summed value, or for a response the V that was stated for the offer."""
    if question.objective == "value":
        return earned.value
    return action.worth if earned.hits else 0.0


def evaluate(
    logged: Iterable[Earned],
    question: Question,
    catalogues: Mapping[str, Catalogue],
    models: Mapping[str, Model],
    order: Sequence[OfferId],
    step: Callable[[], None] = lambda: None,
    decided: Decided | None = None,
) -> Evaluation:
    """Decide every logged decision again under each of the named models and estimate what that would have earned.

    Each is decided with the catalogue it was made with, at its own moment, on the profile and history it was made
    from. Only rank 1 is judged: its outcomes count, those of lower ranks do not. `order` is the constant policy's;
    `step` is called after each decision. With `decided` only decisions count that those placements made too. Raises
    TrainingError when no decision can be used.
    """
    snapshots = _Snapshots(question, catalogues, models)
    names = (*models, CONSTANT, UNIFORM, LOGGED)
    columns: dict[str, list[float]] = {name: [] for name in names}
    values: list[float] = []
    subjects: list[str] = []
    deeds = Deeds(decided or {})
    skipped: dict[str, int] = {}
    for earned in logged:
        step()
        record = earned.record
        action, bound = action_of(record), snapshots.of(record)
        on = occasion(record.customer, record.visitor, record.id, record.now)
        missing = deeds.missing(on)
        if action is None or isinstance(bound, str) or missing is not None:
            reason = "probability unknown" if action is None else str(missing or bound)
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        deeds.add(on, action)
        for name, chance in chances(record, action, bound, order).items():
            columns[name].append(chance)
        values.append(worth_of(earned, action, question))
        subjects.append(on[0])
    if not values:
        said = "; ".join(f"{count} {reason}" for reason, count in skipped.items()) or "none was found"
        raise TrainingError(f"No logged decision can be evaluated ({said}); widen --since and --until.")
    policies = {name: np.array(column) for name, column in columns.items()}
    _, cluster = np.unique(subjects, return_inverse=True)
    actions = LoggedActions(np.array(values), policies[LOGGED], cluster.astype(np.int64))
    comparisons = tuple(_compare(name, actions, policies[name], policies[CONSTANT]) for name in names)
    return Evaluation(comparisons, len(values), skipped, order[0] if order else None, deeds.reaches(actions))


def _compare(
    name: str, actions: LoggedActions, policy: NDArray[np.float64], constant: NDArray[np.float64]
) -> Comparison:
    difference, error = gain(actions, policy, constant)
    return Comparison(name, inverse_propensity(actions, policy), self_normalised(actions, policy), difference, error)


class _Snapshots:
    """Each catalogue version bound to each model, built when first needed; or why that cannot be."""

    def __init__(self, question: Question, catalogues: Mapping[str, Catalogue], models: Mapping[str, Model]) -> None:
        self._goal = question.goal
        self._catalogues = catalogues
        self._models = models
        self._built: dict[str, Mapping[str, Snapshot] | str] = {}

    def of(self, record: DecisionRecord) -> Mapping[str, Snapshot] | str:
        version = record.catalogue
        if version not in self._built:
            self._built[version] = self._build(version)
        return self._built[version]

    def _build(self, version: str) -> Mapping[str, Snapshot] | str:
        catalogue = self._catalogues.get(version)
        if catalogue is None:
            return f"made with catalogue {version}, which is not stored any more"
        try:
            return {name: Snapshot.build(catalogue, {self._goal: model}) for name, model in self._models.items()}
        except ArtefactError as error:
            return f"made with catalogue {version}, where {error}"
