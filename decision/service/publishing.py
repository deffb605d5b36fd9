"""Stores immutable versions of catalogues and models, and moves the pointers to them."""

import msgspec

from decision.clock import Clock
from decision.service.answer import CurrentAnswer, VersionAnswer
from decision.service.refreshing import Refresher
from decision.version.building import Building
from decision.version.registry import CATALOGUE_SLOT, Kind, Registry
from rules.errors import NotFound, WorkspaceError
from rules.finding import Finding
from rules.instant import format_instant
from rules.package import pack


class Published(msgspec.Struct, frozen=True):
    """The version that is now in use in a slot, the one before, and what `check` warned of.

    `gate` is what the record of a model says of it: that it passed, what failed, or that nothing was checked.
    """

    version: str
    before: str | None
    warnings: tuple[Finding, ...] = ()
    gate: str = ""


class Publishing:
    """Catalogues and models; a worker takes what a pointer names within its refresh time."""

    def __init__(self, registry: Registry, refresher: Refresher, building: Building, clock: Clock) -> None:
        self._registry = registry
        self._refresher = refresher
        self._building = building
        self._clock = clock

    async def publish_workspace(self, toml: bytes, offers: bytes, offers_name: str, by: str = "") -> Published:
        """Store a workspace and put it to use; raises `WorkspaceError` with every finding when it is broken."""
        seen = await self._building.see_workspace(toml, offers, offers_name)
        broken = tuple(finding for finding in seen.findings if finding.severity == "error")
        if broken or seen.offers is None or seen.placements is None:
            raise WorkspaceError(f"The workspace has {len(broken)} mistakes; correct them and publish again.", broken)
        blob = pack(toml, offers, offers_name)
        summary = {"offers": seen.offers, "placements": seen.placements}
        version = await self._registry.put("catalogue", blob, self._clock(), by, {**summary})
        before = await self._registry.activate("catalogue", version)
        warnings = tuple(finding for finding in seen.findings if finding.severity == "warning")
        return Published(version, before, warnings)

    async def publish_model(self, blob: bytes, by: str = "", activate: bool = True) -> Published:
        """Store a model and, unless told otherwise, put it to use for its goal; raises `ArtefactError`.

        Nothing is held against the model in use, as a training does; what is said of the version tells so.
        """
        seen = await self._building.see_model(blob)
        summary = {"goal": seen.goal, "kind": seen.kind, "evidence": seen.evidence, "gate": seen.gate}
        version = await self._registry.put("model", blob, self._clock(), by, {**summary})
        before = await self._registry.activate("model", version, seen.goal) if activate else None
        return Published(version, before, gate=seen.gate)

    async def activate(self, kind: Kind, version: str) -> Published:
        """Put a stored version to use; raises `NotFound`."""
        if kind != "model":
            return Published(version, await self._registry.activate(kind, version))
        seen = await self._building.see_model(await self._registry.get(kind, version))
        return Published(version, await self._registry.activate(kind, version, seen.goal), gate=seen.gate)

    async def challenge(self, version: str) -> Published:
        """Try a stored model beside the one in use for its goal; raises `NotFound` or `ArtefactError`."""
        goal = (await self._building.see_model(await self._registry.get("model", version))).goal
        return Published(version, await self._registry.challenge(goal, version))

    async def withdraw_challenger(self, goal: str) -> str:
        """Try no model any more beside the one in use; raises `NotFound` when none was."""
        before = await self._registry.challenge(goal, None)
        if before is None:
            raise NotFound(f"No model is tried beside the one in use for goal {goal!r}.")
        return before

    async def rollback(self, kind: Kind, slot: str = CATALOGUE_SLOT) -> Published:
        """Go back to the version in use before; raises `NotFound` when there was none."""
        before = (await self._registry.current(kind)).get(slot)
        return Published(await self._registry.rollback(kind, slot), before)

    async def current(self, kind: Kind) -> CurrentAnswer:
        """What the pointers name, and what this worker serves."""
        snapshot = self._refresher.snapshot
        if kind == "model":
            serving = {str(goal): str(model.version) for goal, model in self._refresher.models.items()}
        else:
            serving = {} if snapshot is None else {CATALOGUE_SLOT: str(snapshot.catalogue.version)}
        return CurrentAnswer(await self._registry.current(kind), serving)

    async def versions(self, kind: Kind) -> tuple[VersionAnswer, ...]:
        """All stored versions, the latest first."""
        current = await self._registry.current(kind)
        return tuple(
            VersionAnswer(
                info.version,
                format_instant(info.created),
                tuple(sorted(slot for slot, version in current.items() if version == info.version)),
                info.by,
                info.summary,
            )
            for info in await self._registry.versions(kind)
        )
