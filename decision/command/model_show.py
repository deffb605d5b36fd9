"""`concierge model show`: what is said about one stored model."""

import asyncio

import rich_click as click
from rich.console import Console
from rich.table import Table

from decision.care.report import CareReport, decode_report
from decision.command.care_table import calibration_table, care_lines, drift_table, importance_table
from decision.command.gate_table import gate_table
from decision.keys import CARE_REPORT
from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import CATALOGUE_SLOT, Registry, VersionInfo
from decision.version.versions import Versions
from models.artefact import Artefact, decode_artefact
from models.gate import UNCHECKED
from models.importance import importance_of
from rules.care import Care
from rules.instant import format_instant


@click.command()
@click.argument("version")
def show(version: str) -> None:
    """Show what a model was made from, what it looks at, its figures, and how it does in use."""
    info, artefact, report, care = asyncio.run(_known(version))
    console = Console(highlight=False)
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
        table = Table("", *names)
        for row, figures in artefact.metrics.items():
            table.add_row(row, *(f"{figures[name]:.6g}" if name in figures else "" for name in names))
        console.print(table)
    if artefact.gate is not None:
        console.print(gate_table(artefact.gate))
    elif artefact.kind == "forest" or info.summary.get("gate") == UNCHECKED:
        console.print(f"{UNCHECKED} by the gate: stored by {info.by or 'hand'} as it was given", markup=False)
    if artefact.kind == "forest":
        console.print(importance_table(importance_of(artefact)))
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


async def _known(version: str) -> tuple[VersionInfo, Artefact, CareReport | None, Care]:
    """A model, what was found when those in use were looked at last, and the bounds of the catalogue in use."""
    async with open_store(read_settings()) as store:
        registry = Registry(store)
        info, artefact = await registry.info("model", version), decode_artefact(await registry.get("model", version))
        (blob,) = await store.get_many([CARE_REPORT])
        pointer = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
        care = Care() if pointer is None else (await Versions(registry).catalogue(pointer)).workspace.care
        return info, artefact, None if blob is None else decode_report(blob), care
