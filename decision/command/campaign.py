"""`concierge campaign`: everybody of an audience decided once, and taken back where it was not sent yet."""

import asyncio
import sys
from hashlib import blake2b
from pathlib import Path

import rich_click as click
from rich.console import Console

from decision.campaign.beginning import CHUNK, Wish
from decision.campaign.campaign import NAME, CampaignId
from decision.clock import wall_clock
from decision.command.campaign_crew import dask_crew, local_crew
from decision.command.campaign_past import list_campaigns, withdraw
from decision.command.campaign_run import INTERRUPTED, CampaignShow
from decision.command.moment import MOMENT
from decision.service.bulk.processes import cores
from decision.settings import read_settings
from rules.errors import Fault, Invalid
from rules.ids import Instant, PlacementId


@click.group()
def campaign() -> None:
    """Decide for a whole audience at once."""


campaign.add_command(list_campaigns)
campaign.add_command(withdraw)


@campaign.command()
@click.option(
    "--audience",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV, Parquet or NDJSON file with a column `customer`.",
)
@click.option(
    "--segment", metavar="CEL", help="Everybody whose profile meets a condition: 'customer.tier == \"gold\"'."
)
@click.option("--placement", required=True, help="Where the offers will be shown.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="A file that ends in .parquet, or a folder for Hive partitions.",
)
@click.option("--id", "id", help="Name of the campaign; without it, the same command is always the same campaign.")
@click.option("--column", "columns", multiple=True, help="Attribute of offers to write beside them; once for each.")
@click.option("--at", type=MOMENT, help="What time it is for everybody; now, if not given.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many processes work; one for each core.")
@click.option(
    "--dask", metavar="ADDRESS", help="Let the workers of a Dask scheduler decide, instead of processes here."
)
@click.option(
    "--chunk", type=click.IntRange(1, 1_000_000), default=CHUNK, show_default=True, help="Customers in a part."
)
@click.option("--dry-run", is_flag=True, help="Decide and write the output, but store and journal nothing.")
def run(
    audience: Path | None,
    segment: str | None,
    placement: str,
    out: Path,
    id: str | None,
    columns: tuple[str, ...],
    at: Instant | None,
    processes: int | None,
    dask: str | None,
    chunk: int,
    dry_run: bool,
) -> None:
    """Decide for everybody of an audience once, and write who shall see what as Parquet.

    The same command again goes on where it was stopped, whatever stopped it, and does nothing once it is done.
    """
    if (audience is None) == (segment is None):
        raise Invalid((Fault("--audience", "name either an audience file or a --segment"),))
    now = wall_clock()
    wish = Wish(
        source=str(audience) if audience is not None else segment or "",
        digest=_digest(audience, segment),
        placement=PlacementId(placement),
        out=out,
        moment=_moment(at, now, dry_run),
        id=None if id is None else _named(id),
        columns=columns or None,
        dry_run=dry_run,
        chunk=chunk,
    )
    with local_crew(processes or cores()) if dask is None else dask_crew(dask) as crew:
        done = asyncio.run(CampaignShow(read_settings(), wish, audience, crew, Console(stderr=True)).run())
    if not done:
        sys.exit(INTERRUPTED)


def _digest(audience: Path | None, segment: str | None) -> str:
    digest = blake2b(digest_size=16)
    if audience is None:
        digest.update(f"segment\0{segment}".encode())
    else:
        with audience.open("rb") as file:
            while page := file.read(1 << 20):
                digest.update(page)
    return digest.hexdigest()


def _moment(at: Instant | None, now: Instant, dry_run: bool) -> Instant:
    if at is not None and at > now and not dry_run:
        raise Invalid((Fault("--at", "lies in the future; only a dry run can be made for a moment to come"),))
    return now if at is None else at


def _named(id: str) -> CampaignId:
    if not NAME.fullmatch(id):
        raise Invalid((Fault("--id", f"{id!r}: give lower-case letters, digits and hyphens, 64 at most"),))
    return CampaignId(id)
