"""Looks after the models in use: holds the latest past in the journal against what they learned from."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from decision.care.drift import Vectors
from decision.care.ledger import catalogues_since, present_of
from decision.care.look import Scene, look
from decision.care.report import CareReport, encode_report
from decision.clock import Clock
from decision.journal.reading import open_journal
from decision.keys import CARE_REPORT
from decision.rounds import look_again
from decision.store.port import Store
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.versions import Versions
from models.artefact import Artefact, ModelFeature, decode_artefact
from models.feature import FeatureList
from rules.catalogue import Catalogue
from rules.duration import parse_duration
from rules.errors import ArtefactError, NotFound, WorkspaceError
from rules.ids import GoalId, ModelVersion

LEAST_PAUSE = 60.0
"""Seconds between two looks, at least."""


MOST_CATALOGUES = 8
"""Catalogue versions, at most, whose recorded features are told apart; the ones with most decisions."""


class CareJob:
    """Makes the report that `/health/ready`, `/metrics` and `concierge model show` tell from."""

    def __init__(self, store: Store, registry: Registry, versions: Versions, data: Path, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._versions = versions
        self._data = data
        self._clock = clock
        self._catalogue: Catalogue | None = None
        self._vectors: dict[str, tuple[ModelFeature, ...]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Look again and again until told to stop; trouble is logged, and the next look tries again."""
        await look_again(self.look, stopping, "care_failed", 0.0, LEAST_PAUSE)

    async def look(self) -> CareReport | None:
        """Look once, and leave the report in the store; None while no catalogue is published or nothing happened."""
        pointer = (await self._registry.current("catalogue")).get(CATALOGUE_SLOT)
        if pointer is None:
            return None
        if self._catalogue is None or self._catalogue.version != pointer:
            self._catalogue = await self._versions.catalogue(pointer)
        models = await self._models()
        with ExitStack() as stack:
            # One thread, for the cores belong to the workers.
            journal = open_journal(self._data, threads=1)
            connection = await asyncio.to_thread(stack.enter_context, journal)
            present = await asyncio.to_thread(present_of, connection)
            if present is None:
                return None
            since = present - parse_duration(self._catalogue.workspace.care.window)
            used = await asyncio.to_thread(catalogues_since, connection, since, MOST_CATALOGUES)
            vectors = await self._recorded(used)
            scene = Scene(self._catalogue, models, vectors, present, self._clock())
            report = await asyncio.to_thread(look, connection, scene)
        await self._store.put(CARE_REPORT, encode_report(report))
        return report

    async def _models(self) -> dict[GoalId, tuple[ModelVersion, Artefact]]:
        """The models in use that can be read."""
        found: dict[GoalId, tuple[ModelVersion, Artefact]] = {}
        for goal, version in (await self._registry.current("model")).items():
            with suppress(NotFound, ArtefactError):
                artefact = decode_artefact(await self._registry.get("model", version))
                found[GoalId(goal)] = ModelVersion(version), artefact
        return found

    async def _recorded(self, versions: Sequence[str]) -> Vectors:
        """What the vectors of catalogue versions hold; without versions that are gone."""
        kept = {version: vector for version, vector in self._vectors.items() if version in versions}
        for version in versions:
            if version not in kept:
                with suppress(NotFound, WorkspaceError):
                    catalogue = await self._versions.catalogue(version)
                    specs = FeatureList.of(catalogue.workspace, catalogue.schema).specs
                    kept[version] = tuple(ModelFeature(spec.name, spec.value) for spec in specs)
        self._vectors = kept
        return kept
