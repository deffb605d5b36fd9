"""`python -m loadtest.campaign`: a campaign over generated guests, killed on the way and counted anew."""

import asyncio
import sys
from pathlib import Path
from signal import SIGTERM

import rich_click as click
from rich.console import Console

from loadtest.campaign.run import CampaignTrial
from loadtest.errors import WorldError


@click.command()
@click.option("--customers", type=click.IntRange(100), default=20_000, show_default=True, help="How many guests.")
@click.option("--kills", type=click.IntRange(0), default=3, show_default=True, help="How often it is killed.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which guests, limits and moments.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("campaign-data"),
    show_default=True,
    help="Folder for everything it makes; emptied first.",
)
def campaign(customers: int, kills: int, seed: int, work: Path) -> None:
    """Run a campaign over generated guests, kill it on the way, and count anew what it did; exit status 1 unless all
    is well."""
    try:
        good = asyncio.run(_run(CampaignTrial(work, customers, kills, seed, Console())))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.ClickException("Stopped.") from None
    if not good:
        sys.exit(1)


async def _run(trial: CampaignTrial) -> bool:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    # What it started are processes of their own, which must not be left behind.
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    _, found = await trial.run()
    return found.good


if __name__ == "__main__":
    campaign()
