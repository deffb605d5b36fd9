"""Snapshots that logged decisions are decided again with: the models judged, and those the decisions were made with."""

from collections.abc import Mapping

from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord
from models.model import Model
from rules.catalogue import Catalogue
from rules.errors import ArtefactError, NotFound
from rules.ids import GoalId


class Snapshots:
    """Each catalogue version bound to each model, built when first needed.

    `past` are models that decisions were made with, by version; `further` those of the placements' further goals.
    """

    def __init__(
        self,
        goal: GoalId,
        catalogues: Mapping[str, Catalogue],
        models: Mapping[str, Model],
        further: Mapping[GoalId, Model],
        past: Mapping[str, Model],
    ) -> None:
        self._goal = goal
        self._further = further
        self._catalogues = catalogues
        self._models = models
        self._past = past
        self._built: dict[str, Mapping[str, Snapshot] | str] = {}
        self._own: dict[tuple[str, str | None], Snapshot | None] = {}

    def of(self, record: DecisionRecord) -> Mapping[str, Snapshot] | str:
        """By the models' names, all with the catalogue of a record; or why that cannot be."""
        version = record.catalogue
        if version not in self._built:
            self._built[version] = self._build(version)
        return self._built[version]

    def own(self, record: DecisionRecord) -> Snapshot | None:
        """The one that a live decision was made with, as far as placements show; None where it is not at hand."""
        found = self.of(record)
        if isinstance(found, str) or record.source != "live":
            return None
        if fitting := next((snapshot for snapshot in found.values() if _made(record, snapshot)), None):
            return fitting
        key = record.catalogue, record.model
        if key not in self._own:
            self._own[key] = self._build_own(*key)
        own = self._own[key]
        return own if own is not None and _made(record, own) else None

    def _build(self, version: str) -> Mapping[str, Snapshot] | str:
        catalogue = self._catalogues.get(version)
        if catalogue is None:
            return f"made with catalogue {version}, which is not stored any more"
        try:
            # One model may go by several names.
            built = {
                model.version: Snapshot.build(catalogue, {**self._further, self._goal: model})
                for model in {model.version: model for model in self._models.values()}.values()
            }
            return {name: built[model.version] for name, model in self._models.items()}
        except ArtefactError as error:
            return f"made with catalogue {version}, where {error}"

    def _build_own(self, version: str, model: str | None) -> Snapshot | None:
        if model is not None and model not in self._past:
            return None
        models = {} if model is None else {self._goal: self._past[model]}
        try:
            return Snapshot.build(self._catalogues[version], {**self._further, **models})
        except ArtefactError:
            return None


def _made(record: DecisionRecord, snapshot: Snapshot) -> bool:
    """Whether a snapshot has the models that a decision was made with."""
    try:
        placement = snapshot.placement(record.request.placement, record.decision.group)
    except NotFound:
        return False
    return (placement.version, placement.further_models) == (record.model, record.further_models)
