"""Where versions are looked through and made into snapshots: here, or in a process of its own (`building_process`)."""

import asyncio
from typing import Literal, Protocol

import msgspec

from decision.engine.snapshot import Snapshot
from decision.version.assembly import Assembled, Order, Past, assemble, restore
from models.gate import verdict
from models.model import Model, load_model
from rules.check import Checked, check_workspace
from rules.errors import Unavailable
from rules.finding import Finding
from rules.ids import GoalId, Instant


class BuilderDied(Unavailable):
    """Whoever was asked to build died of it, or was killed meanwhile."""


class SeenWorkspace(msgspec.Struct, frozen=True):
    """What `check` says of a workspace; the figures are None when it is broken."""

    findings: tuple[Finding, ...]
    offers: int | None
    placements: int | None


class SeenModel(msgspec.Struct, frozen=True):
    """What a model is that was loaded and verified; `gate` is what its record says of it (`models.gate.verdict`)."""

    goal: GoalId
    kind: Literal["rates", "forest"]
    evidence: int
    gate: str


class Building(Protocol):
    """Does what takes tenths of a second of a core, while the loop goes on."""

    async def see_workspace(self, toml: bytes, offers: bytes, offers_name: str) -> SeenWorkspace:
        """Check a workspace."""
        ...

    async def see_model(self, blob: bytes) -> SeenModel:
        """Load and verify a model; raises `ArtefactError`."""
        ...

    async def assemble(self, order: Order, now: Instant) -> Assembled:
        """Make a snapshot; raises `BuilderDied`."""
        ...

    async def restore(self, past: Past) -> Snapshot:
        """Make again what an old decision was made with; raises `ArtefactError` and `BuilderDied`."""
        ...


class LocalBuilding:
    """In a thread of this process: simple, but it takes turns with the loop, which is then several times slower."""

    async def see_workspace(self, toml: bytes, offers: bytes, offers_name: str) -> SeenWorkspace:
        """Check a workspace."""
        return await asyncio.to_thread(see_workspace, toml, offers, offers_name)

    async def see_model(self, blob: bytes) -> SeenModel:
        """Load and verify a model; raises `ArtefactError`."""
        return await asyncio.to_thread(see_model, blob)

    async def assemble(self, order: Order, now: Instant) -> Assembled:
        """Make a snapshot."""
        return await asyncio.to_thread(assemble, order, now)

    async def restore(self, past: Past) -> Snapshot:
        """Make again what an old decision was made with; raises `ArtefactError`."""
        return await asyncio.to_thread(restore, past)


def see_workspace(toml: bytes, offers: bytes, offers_name: str) -> SeenWorkspace:
    """Check a workspace."""
    return seen_workspace(check_workspace(toml, offers, offers_name))


def seen_workspace(checked: Checked) -> SeenWorkspace:
    """What there is to say of a workspace that was checked."""
    if checked.catalogue is None:
        return SeenWorkspace(checked.findings, None, None)
    return SeenWorkspace(checked.findings, len(checked.catalogue.offers), len(checked.catalogue.placements))


def see_model(blob: bytes) -> SeenModel:
    """Load and verify a model; raises `ArtefactError`."""
    return seen_model(load_model(blob))


def seen_model(model: Model) -> SeenModel:
    """What there is to say of a model that was verified."""
    artefact = model.artefact
    return SeenModel(artefact.goal, artefact.kind, artefact.evidence, verdict(artefact.gate))
