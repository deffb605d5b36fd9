"""A snapshot: one catalogue and its models, bound to each other; a worker swaps one reference to change both."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.contact_room import COUNTED_AT_ONCE, SlatePolicies
from decision.engine.further_goal import FurtherGoal, further_goals, model_needed
from decision.engine.limit import Limit, Limits
from decision.engine.reading import Reading
from decision.engine.ready_model import ReadyModel, ready_model
from decision.engine.verdict import tally
from models.feature import BoundFeatures, FeatureList
from models.model import BoundModel, Model
from models.optimism import optimism_of
from rules.bound_placement import BoundPlacement
from rules.catalogue import Catalogue
from rules.division import CHAMPION
from rules.errors import NotFound
from rules.ids import GoalId, ModelVersion, OfferId, PlacementId
from rules.reason import Reason

_NONE: Mapping[GoalId, Model] = {}


class ReadyPlacement(msgspec.Struct, frozen=True, eq=False):
    """A placement with its features, bound beside the conditions of its rules, and the model of its goal.

    `version` is None while the model is the prior that stands for no model; `missing` says that another one should be
    there but could not be served, so that decisions go without any; `needs_model` that the model's figure is part of
    the score. `capped` says that the contact policy counts decisions or impressions here, so that only one may be made
    for a subject at a time. `at_once` are the policies that a slate may break by itself, `mandatory` indices of
    candidates. `left_out` counts the offers that are no candidates, by the reason's number. `optimism` is a factor for
    each candidate, None where there is none. `challenger` is tried beside the goal's model, if one is. `reading` is how
    what the features read is taken in, None where it is only taken from facts.
    """

    bound: BoundPlacement
    features: BoundFeatures
    model: BoundModel
    version: ModelVersion | None
    missing: bool
    needs_model: bool
    capped: bool
    limits: Limits
    at_once: SlatePolicies
    mandatory: NDArray[np.int64]
    left_out: NDArray[np.int64]
    further: tuple[FurtherGoal, ...] = ()
    optimism: NDArray[np.float64] | None = None
    challenger: ReadyModel | None = None
    reading: Reading | None = None

    @property
    def aims(self) -> tuple[GoalId, ...]:
        """The goals that scores are made of, its own first."""
        return (self.bound.spec.goal, *(goal.id for goal in self.further))

    @property
    def further_models(self) -> dict[GoalId, ModelVersion]:
        """The models of its further goals, but for priors."""
        return {goal.id: goal.version for goal in self.further if goal.version is not None}


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """Everything a decision needs that is not about the subject."""

    catalogue: Catalogue
    models: Mapping[GoalId, Model]
    features: FeatureList
    placements: Mapping[PlacementId, ReadyPlacement]
    arms: Mapping[tuple[PlacementId, str], ReadyPlacement]
    rows: Mapping[OfferId, int]
    challengers: Mapping[GoalId, Model] = {}

    @classmethod
    def build(
        cls,
        catalogue: Catalogue,
        models: Mapping[GoalId, Model],
        missing: frozenset[GoalId] = frozenset(),
        challengers: Mapping[GoalId, Model] = _NONE,
    ) -> "Snapshot":
        """Bind a catalogue and models; raises `ArtefactError` naming the goal whose model does not fit.

        Goals without a model have the prior, the same rate for every offer; those in `missing` should have had a model,
        so their placements decide without one and say so. The challengers are tried beside the models of placements,
        and are the models of arms that say so.
        """
        features = FeatureList.of(catalogue.workspace, catalogue.schema)
        trying = {
            experiment.group_of(arm)
            for experiment in catalogue.workspace.experiment
            for arm in experiment.arms
            if arm.model == "challenger"
        }
        tried = {**models, **challengers}
        return cls(
            catalogue,
            models,
            features,
            {
                id: _ready(bound, catalogue, features, models, missing, challengers)
                for id, bound in catalogue.placements.items()
            },
            {
                (id, group): _ready(bound, catalogue, features, tried if group in trying else models, missing, _NONE)
                for (id, group), bound in catalogue.arms.items()
            },
            {offer: row for row, offer in enumerate(catalogue.offers.ids)},
            challengers,
        )

    def placement(self, id: PlacementId, group: str = CHAMPION) -> ReadyPlacement:
        """The placement with this id as a group has it; raises `NotFound` with the ids there are."""
        ready = None if group == CHAMPION else self.arms.get((id, group))
        ready = ready or self.placements.get(id)
        if ready is None:
            raise NotFound(f"There is no placement {id!r}; the catalogue has {', '.join(sorted(self.placements))}.")
        return ready


def _ready(
    bound: BoundPlacement,
    catalogue: Catalogue,
    features: FeatureList,
    models: Mapping[GoalId, Model],
    missing: frozenset[GoalId],
    challengers: Mapping[GoalId, Model],
) -> ReadyPlacement:
    own = ready_model(bound.spec.goal, bound.goal, models, bound, features)
    bound_features = features.bind(bound.offers, bound.rules.conditions)
    return ReadyPlacement(
        bound,
        bound_features,
        own.bound,
        own.version,
        bound.spec.goal in missing,
        model_needed(bound.goal.objective, bound.spec),
        any(policy.entry.count in COUNTED_AT_ONCE for policy in bound.policies.policies),
        _limits(bound),
        SlatePolicies.of(bound.policies),
        np.array(bound.mandatory, np.int64),
        tally(bound.left_out.values()),
        further_goals(bound, catalogue.workspace.goals, models, missing, features),
        optimism_of(own.artefact, bound.offers.ids, bound.spec.exploration.optimism),
        ready_model(bound.spec.goal, bound.goal, challengers, bound, features)
        if bound.spec.goal in challengers
        else None,
        Reading.of(catalogue, bound, bound_features),
    )


def _limits(bound: BoundPlacement) -> Limits:
    """The placement's limits per attribute, in the order of its `at_most`."""
    limits = []
    for index, (name, codes) in enumerate(bound.limits.items()):
        room = np.full(int(codes.max(initial=-1)) + 1, bound.spec.at_most[name])
        limits.append(Limit(codes, room, Reason.ATTRIBUTE_LIMIT, index))
    return Limits.of(limits, len(bound.rows))
