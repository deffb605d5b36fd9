"""Keeps what a worker serves in step with the pointers: load, verify, warm, swap one reference, drop the old."""

import asyncio
import atexit
import gc
from collections.abc import Mapping

from decision.clock import Clock
from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.metrics import REFRESH_FAILURES, SERVING
from decision.steps import step_by_step
from decision.subject.packing import Packing
from decision.version.assembly import Choice, Order, Refusal
from decision.version.building import BuilderDied, Building, LocalBuilding
from decision.version.crate import parts
from decision.version.registry import CATALOGUE_SLOT, Kind, Registry
from decision.version.rest import Rest
from decision.version.versions import identity_of
from models.model import Model
from rules.errors import NotFound, Unavailable
from rules.ids import GoalId

# Libraries complain at the end about what of theirs is not freed, which takes the collector.
atexit.register(gc.unfreeze)


class Refresher:
    """Holds the snapshot served now; `problems` says, per kind and slot, what could not be taken and why."""

    def __init__(
        self, registry: Registry, clock: Clock, packing: Packing | None = None, building: Building | None = None
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._packing = packing
        self._here = LocalBuilding()
        self._building = building or self._here
        self._rest = Rest()
        self._turn = asyncio.Lock()
        self._refused: dict[tuple[str, str, str, str], str] = {}
        # Kept ready, so that to go back takes no longer than to look.
        self._before: Snapshot | None = None
        self._leaving: list[object] = []
        """The parts of the snapshot that was kept before."""
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
            pointers, challengers = await self._registry.current("model"), await self._registry.challengers()
            if wanted is None:
                self.problems = {}
                return False
            changed = await self._follow(wanted, pointers, challengers)
            await self._let_go()
            self._settle(wanted, pointers, challengers)
            if self._rest.lasts(self._choose(wanted, pointers, challengers)):
                self.problems["building"] = "the process that builds what is published died; it is tried again later"
            elif challengers and self._rest.lasts(self._choose(wanted, pointers, challengers, spared=False)):
                self.problems["building"] = "the process that builds challengers died; they are tried again later"
            if self._packing is not None and self.snapshot is not None:
                await self._packing.use(self.snapshot.catalogue)
            return changed

    async def _follow(self, wanted: str, pointers: Mapping[str, str], challengers: Mapping[str, str]) -> bool:
        """Assemble what is wanted, or as much of it as can be had; says whether what is served is another now."""
        while (choice := self._choose(wanted, pointers, challengers)) is not None and not _makes(choice, self.snapshot):
            if self._before is not None and _makes(choice, self._before):
                return self._take(self._before)
            if self._rest.lasts(choice):
                return False
            order = await self._order(choice)
            if order is None:
                continue
            # Nobody is held up before there is a first snapshot, and it is soonest made here.
            building = self._here if self.snapshot is None else self._building
            try:
                assembled = await building.assemble(order, self._clock())
            except BuilderDied as error:
                seconds = self._rest.begin(choice)
                # Nobody knows which part of it was to blame, but somebody has to be told.
                REFRESH_FAILURES.labels("catalogue").inc()
                log.error("version_killed_builder", catalogue=choice.catalogue, error=str(error), rest=seconds)
                continue
            self._rest.end(choice)
            for refusal in assembled.refused:
                self._refuse(refusal, choice.catalogue)
            if assembled.snapshot is not None:
                return self._take(assembled.snapshot)
            if self.snapshot is not None and choice.catalogue == self.snapshot.catalogue.version:
                return False
        return False

    def _take(self, snapshot: Snapshot) -> bool:
        if self.snapshot is not None and identity_of(snapshot) == identity_of(self.snapshot):
            return False
        self._swap(snapshot)
        return True

    def _choose(
        self, wanted: str, pointers: Mapping[str, str], challengers: Mapping[str, str], spared: bool = True
    ) -> Choice | None:
        """What is wanted and was not refused, and behind it what is served now.

        Where that killed its builder, it is `spared` the challengers for a while: no update waits for them.
        """
        served = self.snapshot.catalogue.version if self.snapshot is not None else wanted
        refused = self._refused
        catalogues = [each for each in (wanted, served) if ("catalogue", CATALOGUE_SLOT, each, each) not in refused]
        if not catalogues:
            return None
        models: dict[GoalId, tuple[str, ...]] = {}
        for slot, version in pointers.items():
            goal = GoalId(slot)
            model = self.models.get(goal)
            # Each once.
            versions = dict.fromkeys([version] if model is None else [version, model.version])
            models[goal] = tuple(each for each in versions if ("model", goal, each, catalogues[0]) not in refused)
        tried = {
            GoalId(goal): version
            for goal, version in challengers.items()
            if ("model", goal, version, catalogues[0]) not in refused
        }
        choice = Choice(catalogues[0], models, tried)
        return Choice(catalogues[0], models) if spared and tried and self._rest.lasts(choice) else choice

    async def _order(self, choice: Choice) -> Order | None:
        """A choice with its blobs; None when one of them is not there, which is refused for that."""
        catalogue = await self._blob("catalogue", CATALOGUE_SLOT, choice.catalogue, choice)
        models = {
            goal: [await self._blob("model", goal, version, choice) for version in versions]
            for goal, versions in choice.models.items()
        }
        tried = {goal: await self._blob("model", goal, version, choice) for goal, version in choice.challengers.items()}
        found = {goal: tuple(blob for blob in blobs if blob is not None) for goal, blobs in models.items()}
        challengers = {goal: blob for goal, blob in tried.items() if blob is not None}
        whole = len(challengers) == len(tried) and all(len(found[goal]) == len(blobs) for goal, blobs in models.items())
        return Order(catalogue, found, challengers) if catalogue is not None and whole else None

    async def _blob(self, kind: Kind, slot: str, version: str, choice: Choice) -> tuple[str, bytes] | None:
        try:
            return version, await self._registry.get(kind, version)
        except NotFound as error:
            self._refuse(Refusal.of(kind, slot, version, error), choice.catalogue)
            return None

    def _refuse(self, refusal: Refusal, catalogue: str) -> None:
        """Say once what is wrong; this version is not tried again on this catalogue, but may fit the next one."""
        kind, slot, version = refusal.kind, refusal.slot, refusal.version
        known = (kind, slot, version, catalogue) in self._refused
        self._refused[kind, slot, version, catalogue] = f"version {version} is not served: {refusal.reason}"
        if known:
            return
        REFRESH_FAILURES.labels(kind).inc()
        trace = {"exception": refusal.trace} if refusal.trace else {}
        log.error("version_refused", kind=kind, slot=slot, version=version, error=refusal.reason, **trace)

    async def _let_go(self) -> None:
        """Give back the memory of what is kept no longer, part by part: all of it at once takes milliseconds."""
        await step_by_step(self._leaving.pop() is None for _ in range(len(self._leaving)))

    def _settle(self, wanted: str, pointers: Mapping[str, str], challengers: Mapping[str, str]) -> None:
        """Say what is wanted but was refused, and nothing else."""
        serving = self.snapshot.catalogue.version if self.snapshot is not None else ""
        keys = {"catalogue": ("catalogue", CATALOGUE_SLOT, wanted, wanted)}
        keys |= {f"model:{goal}": ("model", goal, version, serving) for goal, version in pointers.items()}
        keys |= {f"challenger:{goal}": ("model", goal, version, serving) for goal, version in challengers.items()}
        self.problems = {name: self._refused[refused] for name, refused in keys.items() if refused in self._refused}

    def _swap(self, snapshot: Snapshot) -> None:
        old, before, models = self.snapshot, self.models, snapshot.models
        if self._before is not None:
            self._leaving += parts(self._before)
        self._before, self.snapshot = old, snapshot
        if old is not None:
            SERVING.labels("catalogue", CATALOGUE_SLOT, old.catalogue.version).set(0)
            for goal, model in old.challengers.items():
                SERVING.labels("challenger", goal, model.version).set(0)
        for goal, model in before.items():
            SERVING.labels("model", goal, model.version).set(0)
        SERVING.labels("catalogue", CATALOGUE_SLOT, snapshot.catalogue.version).set(1)
        for goal, model in models.items():
            SERVING.labels("model", goal, model.version).set(1)
        for goal, model in snapshot.challengers.items():
            SERVING.labels("challenger", goal, model.version).set(1)
        # A full collection would walk libraries, catalogue and models for a tenth of a second, in the middle of
        # requests, and find nothing: what is swapped out has no cycles and goes by itself.
        gc.freeze()
        served = {str(goal): str(model.version) for goal, model in models.items()}
        log.info("serving_version", catalogue=snapshot.catalogue.version, models=served)


def _makes(choice: Choice, snapshot: Snapshot | None) -> bool:
    """Whether a choice is just what a snapshot was made of, as far as it concerns the catalogue."""
    if snapshot is None or choice.catalogue != snapshot.catalogue.version:
        return False
    goals, placements = snapshot.catalogue.workspace.goals, snapshot.placements.values()
    first = {goal: versions[0] for goal, versions in choice.models.items() if goal in goals and versions}
    tried = {goal: version for goal, version in choice.challengers.items() if goal in goals}
    # Nobody misses the model of a goal that no placement has.
    aims = {goal for placement in placements for goal in placement.aims}
    missing = frozenset(goal for goal, versions in choice.models.items() if goal in aims and not versions)
    wanted = (choice.catalogue, frozenset(first.items()), missing, frozenset(tried.items()))
    return identity_of(snapshot) == wanted
