"""Keeps what a worker serves in step with the pointers: load, verify, warm, swap one reference, drop the old."""

import asyncio
import atexit
import gc
from collections.abc import Mapping

from decision.clock import Clock
from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.metrics import REFRESH_FAILURES, SERVING
from decision.subject.packing import Packing
from decision.subject.profile import EMPTY_PROFILE
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.versions import Identity, Versions
from models.model import Model
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS
from rules.errors import ConciergeError, Unavailable
from rules.ids import GoalId

# Libraries complain at the end about what of theirs is not freed, which takes the collector.
atexit.register(gc.unfreeze)


class Refresher:
    """Holds the snapshot served now; `problems` says, per kind and slot, what could not be taken and why."""

    def __init__(self, registry: Registry, versions: Versions, clock: Clock, packing: Packing | None = None) -> None:
        self._registry = registry
        self._versions = versions
        self._clock = clock
        self._packing = packing
        self._turn = asyncio.Lock()
        self._refused: dict[tuple[str, str, str, str], str] = {}
        self._served: Identity | None = None
        self.snapshot: Snapshot | None = None
        self.problems: dict[str, str] = {}

    @property
    def models(self) -> Mapping[GoalId, Model]:
        """The trained or counted models served now, by goal."""
        return {} if self.snapshot is None else self.snapshot.models

    async def run(self, seconds: float) -> None:
        """Look for new versions again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except Unavailable as error:
                self.problems["store"] = str(error)
            except Exception as error:
                # A worker that stops looking would serve the old version for ever and say nothing.
                log.error("refresh_failed", exc_info=error)

    async def refresh(self) -> bool:
        """Take what the pointers name now, and say whether anything changed; what cannot be taken leaves the old."""
        async with self._turn:
            wanted = (await self._registry.current("catalogue")).get(CATALOGUE_SLOT)
            pointers = await self._registry.current("model")
            if wanted is None:
                self.problems = {}
                return False
            catalogue = await self._catalogue(wanted)
            if catalogue is None:
                self._settle(wanted, pointers)
                return False
            models = await self._models(pointers, catalogue)
            missing = frozenset(goal for goal in catalogue.workspace.goals if goal in pointers and goal not in models)
            changed = self._served != _identity(catalogue, models, missing)
            if changed:
                changed = await self._take(catalogue, models, missing)
            self._settle(wanted, pointers)
            if self._packing is not None and self.snapshot is not None:
                await self._packing.use(self.snapshot.catalogue)
            return changed

    async def _take(self, catalogue: Catalogue, models: dict[GoalId, Model], missing: frozenset[GoalId]) -> bool:
        """Build, warm and swap; says whether what is served is another now."""
        try:
            snapshot, missing = await asyncio.to_thread(self._build, catalogue, models, missing)
        except Exception as error:
            self._refuse("catalogue", CATALOGUE_SLOT, catalogue.version, catalogue.version, error)
            return False
        identity = _identity(catalogue, snapshot.models, missing)
        if identity == self._served:
            return False
        self._served = identity
        self._swap(snapshot)
        return True

    async def _catalogue(self, wanted: str) -> Catalogue | None:
        """The wanted catalogue, else the one served now."""
        served = self.snapshot.catalogue if self.snapshot is not None else None
        if served is not None and served.version == wanted:
            return served
        if ("catalogue", CATALOGUE_SLOT, wanted, wanted) in self._refused:
            return served
        try:
            return await self._versions.catalogue(wanted)
        except Unavailable:
            raise
        except Exception as error:
            self._refuse("catalogue", CATALOGUE_SLOT, wanted, wanted, error)
            return served

    async def _models(self, pointers: Mapping[str, str], catalogue: Catalogue) -> dict[GoalId, Model]:
        """For each goal of the catalogue the model its pointer names, else the one served now."""
        models: dict[GoalId, Model] = {}
        for goal in catalogue.workspace.goals:
            wanted, served = pointers.get(goal), self.models.get(goal)
            if wanted is None:
                continue
            model = served
            new = served is None or served.version != wanted
            if new and ("model", goal, wanted, catalogue.version) not in self._refused:
                try:
                    model = await self._versions.model(wanted)
                except Unavailable:
                    raise
                except Exception as error:
                    self._refuse("model", goal, wanted, catalogue.version, error)
            if model is not None:
                models[goal] = model
        return models

    def _build(
        self, catalogue: Catalogue, models: dict[GoalId, Model], missing: frozenset[GoalId]
    ) -> tuple[Snapshot, frozenset[GoalId]]:
        """The snapshot, warm, and the goals that go without their model.

        A model that does not fit gives way to the one served before; when that does not fit either, its goal goes
        without, for the new catalogue's rules must take effect.
        """
        try:
            snapshot = Snapshot.build(catalogue, models, missing)
        except ConciergeError:
            fitting = {goal: fit for goal, model in models.items() if (fit := self._fitting(catalogue, goal, model))}
            missing |= models.keys() - fitting.keys()
            snapshot = Snapshot.build(catalogue, fitting, missing)
        for placement in catalogue.placements:
            decide(DecisionRequest(placement), EMPTY_PROFILE, NO_CONTACTS, snapshot, self._clock(), 0)
        return snapshot, missing

    def _fitting(self, catalogue: Catalogue, goal: GoalId, model: Model) -> Model | None:
        served = self.models.get(goal)
        for candidate in (model, served):
            if candidate is None:
                continue
            try:
                Snapshot.build(catalogue, {goal: candidate})
            except ConciergeError as error:
                self._refuse("model", goal, candidate.version, catalogue.version, error)
            else:
                return candidate
        return None

    def _refuse(self, kind: str, slot: str, version: str, catalogue: str, error: Exception) -> None:
        """Say once what is wrong; this version is not tried again on this catalogue, but may fit the next one."""
        known = (kind, slot, version, catalogue) in self._refused
        self._refused[kind, slot, version, catalogue] = f"version {version} is not served: {error}"
        if known:
            return
        REFRESH_FAILURES.labels(kind).inc()
        foreseen = isinstance(error, ConciergeError)
        log.error("version_refused", kind=kind, slot=slot, version=version, error=str(error), exc_info=not foreseen)

    def _settle(self, wanted: str, pointers: Mapping[str, str]) -> None:
        """Say what is wanted but was refused, and nothing else."""
        serving = self.snapshot.catalogue.version if self.snapshot is not None else ""
        keys = [("catalogue", CATALOGUE_SLOT, wanted, wanted)]
        keys += [("model", goal, version, serving) for goal, version in pointers.items()]
        self.problems = {
            kind if kind == "catalogue" else f"{kind}:{slot}": self._refused[kind, slot, version, catalogue]
            for kind, slot, version, catalogue in keys
            if (kind, slot, version, catalogue) in self._refused
        }

    def _swap(self, snapshot: Snapshot) -> None:
        old, before, models = self.snapshot, self.models, snapshot.models
        self.snapshot = snapshot
        if old is not None:
            SERVING.labels("catalogue", CATALOGUE_SLOT, old.catalogue.version).set(0)
        for goal, model in before.items():
            SERVING.labels("model", goal, model.version).set(0)
        SERVING.labels("catalogue", CATALOGUE_SLOT, snapshot.catalogue.version).set(1)
        for goal, model in models.items():
            SERVING.labels("model", goal, model.version).set(1)
        # A full collection would walk libraries, catalogue and models for a tenth of a second, in the middle of
        # requests, and find nothing: what is swapped out has no cycles and goes by itself.
        gc.freeze()
        served = {str(goal): str(model.version) for goal, model in models.items()}
        log.info("serving_version", catalogue=snapshot.catalogue.version, models=served)


def _identity(catalogue: Catalogue, models: Mapping[GoalId, Model], missing: frozenset[GoalId]) -> Identity:
    return catalogue.version, frozenset((goal, model.version) for goal, model in models.items()), missing
