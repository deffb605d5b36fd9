"""`concierge model show`: what is said about one stored model."""

import asyncio

import rich_click as click
from rich.console import Console
from rich.table import Table

from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.artefact import Artefact, decode_artefact
from rules.instant import format_instant


@click.command()
@click.argument("version")
def show(version: str) -> None:
    """Show what a model was made from, its features, and its figures beside those of the baselines."""
    artefact = asyncio.run(_artefact(version))
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


async def _artefact(version: str) -> Artefact:
    async with open_store(read_settings()) as store:
        return decode_artefact(await Registry(store).get("model", version))
