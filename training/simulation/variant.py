"""A variant: what decides in a simulation, as it can be sent to any process."""

import msgspec

from decision.engine.snapshot import Snapshot
from models.artefact import decode_artefact
from models.model import load_model
from rules.ids import GoalId, Instant
from rules.package import unpack


class Variant(msgspec.Struct, frozen=True):
    """A workspace and the models of its goals, as blobs."""

    catalogue: bytes
    models: tuple[bytes, ...] = ()

    def snapshot(self) -> Snapshot:
        """What it decides with; raises `WorkspaceError` or `ArtefactError` where parts do not fit."""
        catalogue = unpack(self.catalogue)
        models = [load_model(blob) for blob in self.models]
        return Snapshot.build(
            catalogue, {model.goal: model for model in models if model.goal in catalogue.workspace.goals}
        )

    def learned(self) -> dict[GoalId, Instant]:
        """Until when its models learned from the journal, by their goals; rates and priors do not say."""
        artefacts = [decode_artefact(blob) for blob in self.models]
        return {one.goal: one.window[1] for one in artefacts if one.window is not None}
