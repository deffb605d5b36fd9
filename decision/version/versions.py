"""Snapshots by the versions that make them: the one served now, and those that old decisions were made with."""

import asyncio
from collections import OrderedDict

from decision.engine.snapshot import Snapshot
from decision.engine.terms import Prices
from decision.journal.record import DecisionRecord
from decision.version.assembly import Past
from decision.version.building import Building, LocalBuilding
from decision.version.prices import decode_prices
from decision.version.registry import Registry
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.ids import CatalogueVersion, GoalId, ModelVersion, PlacementId
from rules.package import unpack

_MOST = 4


_PastKey = tuple[CatalogueVersion, tuple[ModelVersion, ...], PlacementId | None, ModelVersion | None]

Versioned = frozenset[tuple[GoalId, ModelVersion]]
Identity = tuple[CatalogueVersion, Versioned, frozenset[GoalId], Versioned]
"""What makes a snapshot: its catalogue, its models, the goals that go without theirs, and its challengers."""


def identity_of(snapshot: Snapshot) -> Identity:
    """What a snapshot was made of; equal ones decide the same."""
    models, challengers = (
        frozenset((goal, model.version) for goal, model in of.items()) for of in (snapshot.models, snapshot.challengers)
    )
    return snapshot.catalogue.version, models, _missing(snapshot), challengers


class Versions:
    """Loads catalogues, models and past snapshots, which are made by `building`; the last few of these are kept."""

    def __init__(self, registry: Registry, building: Building | None = None) -> None:
        self._registry = registry
        self._building = building or LocalBuilding()
        self._restoring = asyncio.Lock()
        self._prices: Prices | None = None
        self._past: OrderedDict[_PastKey, Snapshot] = OrderedDict()

    async def catalogue(self, version: str) -> Catalogue:
        """A stored catalogue; raises `NotFound`."""
        return await asyncio.to_thread(unpack, await self._registry.get("catalogue", version))

    async def model(self, version: str) -> Model:
        """A stored model, verified; raises `NotFound` or `ArtefactError`."""
        return await asyncio.to_thread(load_model, await self._registry.get("model", version))

    async def past(self, record: DecisionRecord) -> Snapshot:
        """The snapshot that a decision was made with: its catalogue, and the models of its goals or the lack of them.

        With them is the challenger that was asked beside them. Of a further goal whose model was missing, the record
        itself says that it went without.
        """
        lacking = record.model is None and "model" in record.decision.degraded
        own = () if record.model is None else (record.model,)
        models = (*own, *record.further_models.values())
        challenger = None if record.shadow is None else record.shadow.model
        key = (record.catalogue, models, record.request.placement if lacking else None, challenger)
        async with self._restoring:
            if key not in self._past:
                catalogue = await self._registry.get("catalogue", record.catalogue)
                blobs = tuple([await self._registry.get("model", version) for version in models])
                tried = None if challenger is None else await self._registry.get("model", challenger)
                self._past[key] = await self._building.restore(Past(catalogue, blobs, key[2], tried))
                while len(self._past) > _MOST:
                    self._past.popitem(last=False)
            self._past.move_to_end(key)
            return self._past[key]

    async def prices(self, record: DecisionRecord) -> Prices | None:
        """The prices that a decision was made with, if there were any; raises `NotFound`."""
        version = None if record.terms is None else record.terms.prices
        if version is None:
            return None
        if self._prices is None or self._prices.version != version:
            self._prices = decode_prices(await self._registry.get("prices", version))
        return self._prices


def _missing(snapshot: Snapshot) -> frozenset[GoalId]:
    placements = snapshot.placements.values()
    own = {placement.bound.spec.goal for placement in placements if placement.missing}
    return frozenset(own | {goal.id for placement in placements for goal in placement.further if goal.missing})
