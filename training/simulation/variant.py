"""A variant: what decides in a simulation, as it can be sent to any process."""

from collections.abc import Mapping

import msgspec

from decision.engine.snapshot import Snapshot
from decision.version.registry import CHALLENGER, Registry
from models.artefact import decode_artefact
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant
from rules.package import unpack
from rules.workspace import Workspace


class Variant(msgspec.Struct, frozen=True):
    """A workspace, the models of its goals, and the challengers that arms of its experiments decide with, as blobs."""

    catalogue: bytes
    models: tuple[bytes, ...] = ()
    challengers: tuple[bytes, ...] = ()

    def snapshot(self) -> Snapshot:
        """What it decides with; raises `WorkspaceError` or `ArtefactError` where parts do not fit.

        Challengers that do not fit are left out, as in serving.
        """
        catalogue = unpack(self.catalogue)
        models, challengers = (_by_goal(blobs, catalogue.workspace) for blobs in (self.models, self.challengers))
        try:
            return Snapshot.build(catalogue, models, challengers=challengers)
        except ArtefactError:
            if not challengers:
                raise
            return Snapshot.build(catalogue, models)

    def learned(self) -> dict[GoalId, Instant]:
        """Until when any of its models learned from the journal, by goal; rates and priors do not say."""
        found: dict[GoalId, Instant] = {}
        for one in map(decode_artefact, (*self.models, *self.challengers)):
            if one.window is not None:
                found[one.goal] = max(one.window[1], found.get(one.goal, one.window[1]))
        return found


async def variant_of(registry: Registry, blob: bytes, catalogue: Catalogue, models: Mapping[GoalId, str]) -> Variant:
    """A packed catalogue with models of these versions, and the challengers if any arm decides with them.

    A model that is used is no challenger any more.
    """
    arms = [arm for experiment in catalogue.workspace.experiment for arm in experiment.arms]
    challengers = await registry.challengers() if any(arm.model == CHALLENGER for arm in arms) else {}
    tried = [name for goal, name in sorted(challengers.items()) if models.get(GoalId(goal)) != name]
    used, trying = [tuple([await registry.get("model", name) for name in names]) for names in (models.values(), tried)]
    return Variant(blob, used, trying)


def _by_goal(blobs: tuple[bytes, ...], workspace: Workspace) -> dict[GoalId, Model]:
    models = map(load_model, blobs)
    return {model.goal: model for model in models if model.goal in workspace.goals}
