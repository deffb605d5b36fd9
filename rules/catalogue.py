"""A catalogue: one immutable version of a workspace with its offers, everything offer-bound already worked out."""

from collections.abc import Mapping

import msgspec

from rules.bound_placement import BoundPlacement
from rules.compiled_workspace import CompiledWorkspace
from rules.division import Division
from rules.errors import ExpressionError
from rules.expression import Schema
from rules.fact_paths import FactPaths
from rules.ids import CatalogueVersion, PlacementId
from rules.offer import OfferTable
from rules.placement_binding import Selections, bind_placement
from rules.volume import VolumeBook
from rules.workspace import Workspace


class Catalogue(msgspec.Struct, frozen=True, eq=False):
    """What every decision of one version shares; `arms` are placements as groups of experiments have them."""

    version: CatalogueVersion
    workspace: Workspace
    schema: Schema
    offers: OfferTable
    volumes: VolumeBook
    placements: Mapping[PlacementId, BoundPlacement]
    arms: Mapping[tuple[PlacementId, str], BoundPlacement]
    division: Division
    paths: FactPaths

    @classmethod
    def build(cls, workspace: Workspace, offers: OfferTable, version: CatalogueVersion) -> "Catalogue":
        """Bind a workspace that `check` accepts to its offers; ExpressionError when an expression is refused."""
        schema = Schema.of(workspace)
        compiled, mistakes = CompiledWorkspace.of(workspace, schema)
        if mistakes:
            key, sentence = mistakes[0]
            raise ExpressionError(f"{key}: {sentence}")
        return cls.bind(workspace, schema, compiled, offers, version)

    @classmethod
    def bind(
        cls,
        workspace: Workspace,
        schema: Schema,
        compiled: CompiledWorkspace,
        offers: OfferTable,
        version: CatalogueVersion,
    ) -> "Catalogue":
        """The same from expressions that are compiled already, none of them refused."""
        selections = Selections.of(workspace, compiled, offers)
        moments = _moments(workspace)
        volumes = VolumeBook.of(workspace.volume, selections.volumes, offers)
        placements = {
            id: bind_placement(id, workspace, compiled, selections, offers, volumes, moments)
            for id in workspace.placements
        }
        arms = {
            (id, group): bind_placement(id, workspace, compiled, selections, offers, volumes, moments, (group, arm))
            for experiment in workspace.experiment
            for arm in experiment.arms
            for id in experiment.placements
            for group in [experiment.group_of(arm)]
        }
        division = Division.of(tuple(workspace.placements), workspace.holdout, workspace.experiment)
        return cls(version, workspace, schema, offers, volumes, placements, arms, division, FactPaths.of(workspace))


def _moments(workspace: Workspace) -> frozenset[str]:
    kinds = msgspec.structs.asdict(workspace.attributes)
    declared = {
        f"{kind}.{name}"
        for kind, attributes in kinds.items()
        for name, attribute in attributes.items()
        if attribute.type == "timestamp"
    }
    return frozenset(declared | {"now", "offer.starts", "offer.ends"})
