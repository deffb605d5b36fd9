"""`python -m loadtest.campaign`: a campaign over generated guests, killed on the way and counted anew."""

import asyncio
import sys
from pathlib import Path

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
        _, found = asyncio.run(CampaignTrial(work, customers, kills, seed, Console()).run())
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    if not found.good:
        sys.exit(1)


if __name__ == "__main__":
    campaign()
