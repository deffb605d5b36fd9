"""Logged decisions decided again under several policies, as columns that every estimate starts from."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.journal.record import DecisionRecord
from models.model import Model
from rules.catalogue import Catalogue
from rules.division import HOLDOUT
from rules.ids import GoalId, OfferId
from training.errors import TrainingError
from training.evaluation.actions import Floats, LoggedActions, PolicyActions
from training.evaluation.holdout import over_all_groups
from training.evaluation.own import hangs_on_model
from training.evaluation.policies import LOGGED, Action, Conduct, action_of, conduct_of, worth_of
from training.evaluation.reach import Decided, Deeds, Reach
from training.evaluation.rewards import Rewards
from training.evaluation.slated import SlateComparison, Slated
from training.evaluation.snapshots import Snapshots
from training.material.kin import NOBODY, Kin
from training.material.ledger import Brought, Earned
from training.material.occasion import occasion
from training.material.past import NOTHING_PAST, Past
from training.material.question import Question

Cast = Callable[[str], Mapping[str, str]]
"""Which of the models stands for which policy with a person."""

_NONE: Mapping[GoalId, Model] = {}


class Judged(msgspec.Struct, frozen=True, eq=False):
    """Decisions as columns, in order of time: what was logged, and what each policy would have done.

    `decision`, `subject` and `placement` hold words, `at` int64[n] moments in ms. `skipped` counts decisions by why
    they could not be used; `constant` is the offer that policy shows first; `reaches` are of the placements that were
    to be judged too, `slates` of whole slates where those were. `held_out` of the decisions were held out.
    """

    logged: LoggedActions
    policies: Mapping[str, PolicyActions]
    decision: NDArray[np.str_]
    subject: NDArray[np.str_]
    placement: NDArray[np.str_]
    at: NDArray[np.int64]
    skipped: Mapping[str, int]
    constant: OfferId | None
    reaches: tuple[Reach, ...]
    slates: tuple[SlateComparison, ...]
    held_out: int = 0
    goal: GoalId = GoalId("")


def judge(
    logged: Iterable[Earned],
    question: Question,
    catalogues: Mapping[str, Catalogue],
    models: Mapping[str, Model],
    order: Sequence[OfferId],
    rewards: Rewards,
    step: Callable[[], None] = lambda: None,
    decided: Decided | None = None,
    brought: Brought | None = None,
    further: Mapping[GoalId, Model] = _NONE,
    past: Past = NOTHING_PAST,
    kin: Kin = NOBODY,
    cast: Cast | None = None,
) -> Judged:
    """Decide every logged decision again under each of the named models, a constant and chance.

    Each is decided with the catalogue it was made with, at its own moment, on the profile and history it was made
    from. Only rank 1 is judged: its outcomes count, those of lower ranks do not. `order` is the constant policy's;
    `step` is called after each decision. With `decided` only decisions count that those placements made too; with
    `brought` whole slates are judged beside. `further` are models of the placements' further goals: policies choose by
    them too, but are judged by what the goal itself earned. `past` has what
    decisions were made with, `kin` who is the same person. With a `cast` the models are no policies themselves.
    Raises TrainingError when no decision can be used.
    """
    snapshots = Snapshots(question.goal, catalogues, models, further, past.models)
    columns = _Columns()
    deeds = Deeds(decided or {})
    slated = None if brought is None else Slated(brought, question)
    skipped: dict[str, int] = {}
    for earned in logged:
        step()
        record = earned.record
        on = occasion(record.customer, record.visitor, record.id, record.now)
        person = kin.get(on[0], on[0])
        found = deeds.missing(on) or _look(record, snapshots, order, past, None if cast is None else cast(person))
        if isinstance(found, str):
            skipped[found] = skipped.get(found, 0) + 1
            continue
        action, conduct = found
        deeds.add(on, action)
        expected = rewards.of(conduct.weighing, conduct.snapshot, person, conduct.open)
        columns.add(record, person, action, worth_of(earned, action, question), conduct, expected)
        if slated is not None:
            slated.add(record, person, conduct, order, expected)
    if not columns.value:
        said = "; ".join(f"{count} {reason}" for reason, count in skipped.items()) or "none was found"
        raise TrainingError(f"No logged decision can be evaluated ({said}); widen --since and --until.")
    slates = () if slated is None else slated.comparisons()
    return columns.judged(question.goal, skipped, order[0] if order else None, deeds, slates)


def _look(
    record: DecisionRecord,
    snapshots: Snapshots,
    order: Sequence[OfferId],
    past: Past,
    cast: Mapping[str, str] | None,
) -> tuple[Action, Conduct] | str:
    """What was done and what policies would have done; or why that cannot be told."""
    action = action_of(record)
    if action is None:
        return "probability unknown"
    bound = snapshots.of(record)
    if isinstance(bound, str):
        return bound
    priced = None if record.terms is None else record.terms.prices
    if priced is not None and priced not in past.prices:
        return "made under prices that are not stored any more"
    prices = None if priced is None else past.prices[priced]
    policies = bound if cast is None else {policy: bound[model] for policy, model in cast.items()}
    # A log has many models, of which each takes a while to bind.
    own = snapshots.own(record) if hangs_on_model(record, next(iter(bound.values()))) else None
    conduct = conduct_of(record, policies, order, own, prices)
    taken = over_all_groups(action, record, conduct)
    return "held out where showing nothing can win" if taken is None else (taken, conduct)


class _Columns:
    """The columns, growing decision by decision."""

    def __init__(self) -> None:
        self.value: list[float] = []
        self._probability: list[float] = []
        self._predicted: list[float] = []
        self._words: list[tuple[str, str, str]] = []
        self._at: list[int] = []
        self._held_out = 0
        self._policies: dict[str, list[tuple[float, float, float]]] = {}

    def add(
        self, record: DecisionRecord, subject: str, action: Action, value: float, conduct: Conduct, expected: Floats
    ) -> None:
        possible = conduct.own.possible
        place = conduct.place_of(action.offer)
        self.value.append(value)
        self._probability.append(action.probability)
        self._predicted.append(0.0 if place is None else float(expected[place]))
        self._words.append((record.id, subject, record.request.placement))
        self._at.append(record.now)
        self._held_out += record.decision.group == HOLDOUT
        for name, chances in conduct.chances.items():
            outside = np.nan if possible is None else float(chances[~possible].sum())
            chance = 0.0 if place is None else float(chances[place])
            self._policies.setdefault(name, []).append((chance, float(chances @ expected), outside))

    def judged(
        self,
        goal: GoalId,
        skipped: Mapping[str, int],
        constant: OfferId | None,
        deeds: Deeds,
        slates: tuple[SlateComparison, ...],
    ) -> Judged:
        decision, subject, placement = (np.array(words, np.str_) for words in zip(*self._words, strict=True))
        logged = LoggedActions(
            np.array(self.value),
            np.array(self._probability),
            np.unique(subject, return_inverse=True)[1].astype(np.int64),
            np.array(self._predicted),
        )
        policies = {name: PolicyActions(*np.array(rows).T.copy()) for name, rows in self._policies.items()}
        # What was done stands for what the logged policy would do: its mean is what it earned.
        policies[LOGGED] = PolicyActions(logged.probability, logged.predicted, np.zeros(len(logged)))
        reaches = deeds.reaches(logged)
        at = np.array(self._at, np.int64)
        return Judged(
            logged, policies, decision, subject, placement, at, skipped, constant, reaches, slates, self._held_out, goal
        )
