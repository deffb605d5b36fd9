"""A snapshot: one catalogue and its models, bound to each other; a worker swaps one reference to change both."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.contact_room import COUNTED_AT_ONCE, SlatePolicies
from decision.engine.limit import Limit, Limits
from decision.engine.verdict import tally
from models.feature import BoundFeatures, FeatureList
from models.model import BoundModel, Model, prior_model
from rules.bound_placement import BoundPlacement
from rules.catalogue import Catalogue
from rules.errors import ArtefactError, NotFound
from rules.ids import GoalId, ModelVersion, OfferId, PlacementId
from rules.reason import Reason


class ReadyPlacement(msgspec.Struct, frozen=True, eq=False):
    """A placement with its features, bound beside the conditions of its rules, and the model of its goal.

    `version` is None while the model is the prior that stands for no model; `missing` says that another one should be
    there but could not be served, so that decisions go without any. `capped` says that the contact policy counts
    decisions or impressions here, so that only one may be made for a subject at a time. `at_once` are the policies that
    a slate may break by itself, `mandatory` indices of candidates. `left_out` counts the offers that are no candidates,
    by the reason's number.
    """

    bound: BoundPlacement
    features: BoundFeatures
    model: BoundModel
    version: ModelVersion | None
    missing: bool
    capped: bool
    limits: Limits
    at_once: SlatePolicies
    mandatory: NDArray[np.int64]
    left_out: NDArray[np.int64]

    @property
    def needs_model(self) -> bool:
        """Whether the model's figure is part of the score: as P for the objective `response`, else as V."""
        part = "propensity" if self.bound.goal.objective == "response" else "value"
        return part in self.bound.spec.arbitration


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """Everything a decision needs that is not about the subject."""

    catalogue: Catalogue
    models: Mapping[GoalId, Model]
    features: FeatureList
    placements: Mapping[PlacementId, ReadyPlacement]
    rows: Mapping[OfferId, int]

    @classmethod
    def build(
        cls, catalogue: Catalogue, models: Mapping[GoalId, Model], missing: frozenset[GoalId] = frozenset()
    ) -> "Snapshot":
        """Bind a catalogue and models; raises `ArtefactError` naming the goal whose model does not fit.

        Goals without a model have the prior, the same rate for every offer; those in `missing` should have had a model,
        so their placements decide without one and say so.
        """
        features = FeatureList.of(catalogue.workspace, catalogue.schema)
        return cls(
            catalogue,
            models,
            features,
            {
                id: _ready(bound, features, models.get(bound.spec.goal), bound.spec.goal in missing)
                for id, bound in catalogue.placements.items()
            },
            {offer: row for row, offer in enumerate(catalogue.offers.ids)},
        )

    def placement(self, id: PlacementId) -> ReadyPlacement:
        """The placement with this id; raises `NotFound` with the ids there are."""
        ready = self.placements.get(id)
        if ready is None:
            raise NotFound(f"There is no placement {id!r}; the catalogue has {', '.join(sorted(self.placements))}.")
        return ready


def _ready(bound: BoundPlacement, features: FeatureList, model: Model | None, missing: bool) -> ReadyPlacement:
    goal = bound.spec.goal
    served = model or prior_model(goal, bound.goal.objective)
    if (served.goal, served.objective) != (goal, bound.goal.objective):
        raise ArtefactError(
            f"The model for goal {goal!r} was trained for {served.goal!r} with objective {served.objective!r}, "
            f"but the workspace declares {bound.goal.objective!r}; train it again on this workspace."
        )
    try:
        bound_model = served.bind(bound.id, bound.offers, features)
    except ArtefactError as error:
        raise ArtefactError(f"The model for goal {goal!r} does not fit the catalogue: {error}") from error
    return ReadyPlacement(
        bound,
        features.bind(bound.offers, bound.rules.conditions),
        bound_model,
        model.version if model else None,
        missing,
        any(policy.entry.count in COUNTED_AT_ONCE for policy in bound.policies.policies),
        _limits(bound),
        SlatePolicies.of(bound.policies),
        np.array(bound.mandatory, np.int64),
        tally(bound.left_out.values()),
    )


def _limits(bound: BoundPlacement) -> Limits:
    """The placement's limits per attribute, in the order of its `at_most`."""
    limits = []
    for index, (name, codes) in enumerate(bound.limits.items()):
        room = np.full(int(codes.max(initial=-1)) + 1, bound.spec.at_most[name])
        limits.append(Limit(codes, room, Reason.ATTRIBUTE_LIMIT, index))
    return Limits.of(limits, len(bound.rows))
