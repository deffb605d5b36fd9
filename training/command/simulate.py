"""`concierge simulate`."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from decision.campaign.hands import Crew, Hands
from decision.command.campaign_crew import dask_crew, local_crew
from decision.command.console import open_console
from decision.command.moment import MOMENT
from decision.command.output_file import OUTPUT_FILE
from decision.command.workspace import Folder, workspace_files
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.service.bulk.processes import cores
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.check import check_workspace
from rules.errors import Fault, Invalid
from rules.ids import Instant, ModelVersion
from rules.package import pack
from training.command.options import places
from training.simulation.page import simulation_page
from training.simulation.people import People, Scope
from training.simulation.running import FEW_CHUNKS, Change, conclude, plan, run
from training.simulation.simulation import Simulation
from training.simulation.table import show_simulation


@click.command()
@click.option("--workspace", type=Folder, metavar="DIR", help="The changed workspace; without it, the one in use.")
@click.option("--model", "models", multiple=True, help="A stored model in place of its goal's; may be repeated.")
@click.option("--since", type=MOMENT, help="Only decisions from this moment (RFC 3339) on.")
@click.option("--until", type=MOMENT, help="Only decisions before this moment.")
@click.option("--placement", "placements", multiple=True, help="Only decisions of this placement; repeatable.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many processes work; one for each core.")
@click.option("--dask", metavar="ADDRESS", help="Let the workers of a Dask scheduler work, instead of processes.")
@click.option("--json", "figures", type=OUTPUT_FILE, help="Also write the figures to this file.")
@click.option("--html", "page", type=OUTPUT_FILE, help="Also write a page with plots to this file.")
def simulate(
    workspace: Path | None,
    models: tuple[str, ...],
    since: Instant | None,
    until: Instant | None,
    placements: tuple[str, ...],
    processes: int | None,
    dask: str | None,
    figures: Path | None,
    page: Path | None,
) -> None:
    """Decide logged requests again under a changed workspace or model, and show what would change.

    Nothing is stored or published. Each person's contacts are carried along: what the change would have shown counts in
    later decisions, not what the log did.
    """
    if workspace is None and not models:
        raise Invalid((Fault("--workspace", "name a changed workspace, a --model, or both"),))
    change = Change(None if workspace is None else _packed(workspace), tuple(ModelVersion(model) for model in models))
    scope = Scope(since, until, places(placements))
    with local_crew(processes or cores()) if dask is None else dask_crew(dask) as crew:
        simulation = asyncio.run(_simulate(read_settings(), change, scope, crew, dask is not None))
    show_simulation(open_console(), simulation)
    if figures is not None:
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(simulation)))
    if page is not None:
        page.write_text(simulation_page(simulation, "What a change would alter"))


async def _simulate(settings: Settings, change: Change, scope: Scope, crew: Crew, elsewhere: bool) -> Simulation:
    console = open_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with open_store(settings) as store:
        await settle(store, settings.folder)
        with (
            open_journal(settings.folder) as journal,
            TemporaryDirectory(prefix="concierge-simulate-") as spill,
            Progress(*columns, console=console) as progress,
        ):
            people = People(journal, scope, Path(spill))
            chosen = await plan(Registry(store), journal, change, people)
            task = progress.add_task("deciding again", total=people.decisions)

            def advance(decisions: int) -> None:
                progress.advance(task, decisions)

            stopping = asyncio.Event()
            if len(people) <= FEW_CHUNKS and not elsewhere:
                tally = await run(chosen, people, None, advance, stopping)
            else:
                with Hands(crew, console.print, "simulation") as hands:
                    tally = await run(chosen, people, hands, advance, stopping)
    return conclude(chosen, tally)


def _packed(folder: Path) -> bytes:
    """The workspace in a folder; raises `Invalid` with every mistake."""
    files = workspace_files(folder)
    errors = check_workspace(*files).errors
    if errors:
        raise Invalid(tuple(Fault(error.place, error.message) for error in errors))
    return pack(*files)
