"""The model of a goal, bound to the candidates of a placement."""

from collections.abc import Mapping

import msgspec

from models.artefact import Artefact
from models.feature import FeatureList
from models.model import BoundModel, Model, prior_model
from rules.bound_placement import BoundPlacement
from rules.errors import ArtefactError
from rules.ids import GoalId, ModelVersion
from rules.workspace import Goal


class ReadyModel(msgspec.Struct, frozen=True, eq=False):
    """What predicts for a goal; `version` is None while that is the prior that stands for no model."""

    bound: BoundModel
    artefact: Artefact
    version: ModelVersion | None


def ready_model(
    id: GoalId, goal: Goal, models: Mapping[GoalId, Model], placement: BoundPlacement, features: FeatureList
) -> ReadyModel:
    """The goal's model among these, or the prior; raises `ArtefactError` naming the goal when it does not fit."""
    model = models.get(id)
    served = model or prior_model(id, goal.objective)
    if (served.goal, served.objective) != (id, goal.objective):
        raise ArtefactError(
            f"The model for goal {id!r} was trained for {served.goal!r} with objective {served.objective!r}, "
            f"but the workspace declares {goal.objective!r}; train it again on this workspace."
        )
    try:
        bound = served.bind(placement.id, placement.offers, features)
    except ArtefactError as error:
        raise ArtefactError(f"The model for goal {id!r} does not fit the catalogue: {error}") from error
    return ReadyModel(bound, served.artefact, model.version if model else None)
