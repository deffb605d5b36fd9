"""Further goals: what else a placement works towards beside its own goal, each with a model and a weight."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.arbitration import Worth
from decision.engine.ready_model import ready_model
from models.feature import FeatureList, FeatureValues
from models.model import BoundModel, Model
from rules.bound_placement import BoundPlacement
from rules.ids import GoalId, ModelVersion
from rules.workspace import Goal, Objective, Placement

Floats = NDArray[np.float64]


class FurtherGoal(msgspec.Struct, frozen=True, eq=False):
    """A further goal of a placement, bound to its candidates; `version` and `missing` are as in `ReadyPlacement`."""

    id: GoalId
    weight: float
    objective: Objective
    model: BoundModel
    version: ModelVersion | None
    missing: bool
    needs_model: bool

    @property
    def cause(self) -> str:
        """What `degraded` says when a decision went on without its model, and so without this goal."""
        return f"model.{self.id}"

    @property
    def gives_propensity(self) -> bool:
        """Whether its model gives a propensity that counts."""
        return self.needs_model and self.objective == "response"

    def worth(self, features: FeatureValues, rows: NDArray[np.intp], value: Floats) -> Worth:
        """P and V of the candidates in `rows`; `value` is what the workspace says of V."""
        ones = np.ones(len(value))
        if not self.needs_model:
            return Worth(self.id, self.weight, ones, value)
        prediction = self.model.predict(features, rows)
        if self.gives_propensity:
            return Worth(self.id, self.weight, prediction, value)
        return Worth(self.id, self.weight, ones, prediction)


def model_needed(objective: Objective, spec: Placement) -> bool:
    """Whether the model's figure is part of the score: as P for the objective `response`, else as V."""
    return ("propensity" if objective == "response" else "value") in spec.arbitration


def further_goals(
    placement: BoundPlacement,
    goals: Mapping[GoalId, Goal],
    models: Mapping[GoalId, Model],
    missing: frozenset[GoalId],
    features: FeatureList,
) -> tuple[FurtherGoal, ...]:
    """The placement's further goals, but for those of whose P × V nothing is left by the parts that are switched on.

    Raises `ArtefactError` naming a goal whose model does not fit.
    """
    found = []
    for id, weight in placement.spec.goals.items():
        objective = goals[id].objective
        needs_model = model_needed(objective, placement.spec)
        if needs_model or (objective == "response" and "value" in placement.spec.arbitration):
            ready = ready_model(id, goals[id], models, placement, features)
            found.append(FurtherGoal(id, weight, objective, ready.bound, ready.version, id in missing, needs_model))
    return tuple(found)


def worth_of(
    goals: Sequence[FurtherGoal],
    features: FeatureValues,
    rows: NDArray[np.intp],
    values: Mapping[GoalId, Floats],
    degraded: set[str],
) -> tuple[Worth, ...]:
    """What the candidates in `rows` are worth to each goal.

    Goals whose model is missing are left out, and named in `degraded`. Without the placement's own model there is no P,
    and what further goals add to it would be of another scale: they are all left out then.
    """
    if "model" in degraded:
        return ()
    degraded.update(goal.cause for goal in goals if goal.missing and goal.needs_model)
    return tuple(goal.worth(features, rows, values[goal.id]) for goal in goals if goal.cause not in degraded)
