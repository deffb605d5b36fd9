"""The small workspace of tests, ready to decide."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from decision.engine.snapshot import Snapshot
from rules.catalogue import Catalogue
from rules.ids import CatalogueVersion, Instant
from rules.instant import parse_instant
from rules.reading import read_workspace
from rules.workspace import Workspace

FOLDER = Path(__file__).parents[1] / "workspaces" / "small"
NOW: Instant = parse_instant("2026-04-15T10:00:00Z")
DAY = 86_400_000


@cache
def small_files() -> tuple[Workspace, bytes]:
    offers = (FOLDER / "offers.csv").read_bytes()
    reading = read_workspace((FOLDER / "concierge.toml").read_bytes(), offers, "offers.csv")
    assert reading.workspace is not None
    assert not reading.findings
    return reading.workspace, offers


def changed(workspace: Workspace, overrides: Mapping[str, object]) -> Workspace:
    """The workspace with parts replaced, deep down where both are tables."""
    return msgspec.convert(_overlaid(msgspec.to_builtins(workspace), overrides), Workspace)


def small_catalogue(overrides: Mapping[str, object] | None = None, version: str = "small") -> Catalogue:
    workspace, _ = small_files()
    reading = read_workspace((FOLDER / "concierge.toml").read_bytes(), small_files()[1], "offers.csv")
    assert reading.offers is not None
    return Catalogue.build(changed(workspace, overrides or {}), reading.offers, CatalogueVersion(version))


@cache
def small_snapshot() -> Snapshot:
    return Snapshot.build(small_catalogue(), {})


def snapshot_with(overrides: Mapping[str, object], version: str = "small") -> Snapshot:
    return Snapshot.build(small_catalogue(overrides, version), {})


def _overlaid(base: object, overlay: object) -> object:
    if not isinstance(base, dict) or not isinstance(overlay, Mapping):
        return overlay
    return {**base, **{name: _overlaid(base.get(name), value) for name, value in overlay.items()}}
