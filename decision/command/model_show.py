"""`concierge model show`: what is said about one stored model."""

import asyncio

import msgspec
import rich_click as click
from rich.table import Column, Table

from decision.care.ledger import present_of
from decision.care.report import CareReport, decode_report
from decision.care.shadows import Shadows, shadows_of
from decision.command.care_table import calibration_table, care_lines, drift_table, importance_table, shadow_lines
from decision.command.console import open_console
from decision.command.gate_table import gate_table
from decision.journal.reading import open_journal
from decision.keys import CARE_REPORT
from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import CATALOGUE_SLOT, Registry, VersionInfo
from decision.version.versions import Versions
from models.artefact import Artefact, decode_artefact
from models.gate import UNCHECKED
from models.importance import importance_of
from rules.care import Care
from rules.duration import parse_duration
from rules.ids import ModelVersion
from rules.instant import format_instant
from rules.workspace import Workspace


@click.command()
@click.argument("version")
def show(version: str) -> None:
    """Show what a model was made from, what it looks at, its figures, and how it does in use."""
    known = asyncio.run(_known(version))
    info, artefact, report, care = known.info, known.artefact, known.report, known.care
    shadows = _shadows(known) if known.challenges else None
    console = open_console(highlight=False)
    console.print(f"{version}: {artefact.kind} for goal {artefact.goal} ({artefact.objective})", markup=False)
    console.print(f"made {format_instant(artefact.created)} from {artefact.evidence} shown offers", markup=False)
    if artefact.window is not None:
        console.print(
            f"decided from {format_instant(artefact.window[0])} to before {format_instant(artefact.window[1])}"
        )
    if artefact.features:
        console.print(
            f"{len(artefact.features)} features: {', '.join(one.name for one in artefact.features)}", markup=False
        )
    if artefact.metrics:
        names = sorted({name for figures in artefact.metrics.values() for name in figures})
        table = Table("", *(Column(name, justify="right") for name in names))
        for row, figures in artefact.metrics.items():
            table.add_row(row, *(f"{figures[name]:.6g}" if name in figures else "" for name in names))
        console.print(table)
    if artefact.gate is not None:
        console.print(gate_table(artefact.gate))
    elif artefact.kind == "forest" or info.summary.get("gate") == UNCHECKED:
        console.print(f"{UNCHECKED} by the gate: stored by {info.by or 'hand'} as it was given", markup=False)
    if artefact.kind == "forest":
        console.print(importance_table(importance_of(artefact)))
    for line in shadow_lines(shadows, known.care.window) if shadows is not None else ():
        console.print(line, markup=False, soft_wrap=True)
    found = None if report is None else report.goals.get(artefact.goal)
    if report is None or found is None or found.version != version:
        console.print("Nobody has looked at it since it is in use: `concierge sink` does.", markup=False)
        return
    for line in care_lines(report, found, care):
        console.print(line, markup=False, soft_wrap=True)
    if found.drift:
        console.print(drift_table(found, care))
    if found.calibrated is not None:
        console.print(calibration_table(found))


class _Known(msgspec.Struct, frozen=True, eq=False):
    """A model, what was found when those in use were looked at last, and the workspace and challengers of now."""

    info: VersionInfo
    artefact: Artefact
    report: CareReport | None
    workspace: Workspace | None
    challenges: bool

    @property
    def care(self) -> Care:
        return Care() if self.workspace is None else self.workspace.care


async def _known(version: str) -> _Known:
    async with open_store(read_settings()) as store:
        registry = Registry(store)
        info, artefact = await registry.info("model", version), decode_artefact(await registry.get("model", version))
        (blob,) = await store.get_many([CARE_REPORT])
        pointer = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
        workspace = None if pointer is None else (await Versions(registry).catalogue(pointer)).workspace
        challenges = (await registry.challengers()).get(artefact.goal) == version
        return _Known(info, artefact, None if blob is None else decode_report(blob), workspace, challenges)


def _shadows(known: _Known) -> Shadows | None:
    """What the journal says of a challenger in the latest days; None where it says nothing."""
    workspace, id = known.workspace, known.artefact.goal
    goal = None if workspace is None else workspace.goals.get(id)
    if workspace is None or goal is None:
        return None
    placements = sorted(name for name, placement in workspace.placements.items() if placement.goal == id)
    window, back = parse_duration(goal.window), parse_duration(workspace.care.window)
    with open_journal(read_settings().folder) as connection:
        present = present_of(connection)
        if present is None:
            return None
        version = ModelVersion(known.info.version)
        return shadows_of(connection, version, placements, goal, present, window, back)
