"""`concierge campaign`: everybody of an audience decided once, and taken back where it was not sent yet."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from pathlib import Path
from typing import TypedDict, Unpack

import msgspec
import rich_click as click

from decision.campaign.beginning import CHUNK, Wish
from decision.campaign.campaign import NAME, CampaignId
from decision.campaign.output import check_name
from decision.clock import wall_clock
from decision.command.campaign_crew import dask_crew, local_crew
from decision.command.campaign_past import list_campaigns, withdraw
from decision.command.campaign_run import INTERRUPTED, CampaignShow
from decision.command.console import open_console
from decision.command.moment import MOMENT
from decision.service.bulk.processes import cores
from decision.settings import read_settings
from rules.errors import Fault, Invalid
from rules.ids import Instant, PlacementId

Command = Callable[..., None]


class Who(TypedDict):
    """The options that say who is decided, where, when and by whom."""

    audience: Path | None
    segment: str | None
    placement: str
    at: Instant | None
    processes: int | None
    dask: str | None
    chunk: int | None


_WHO = (
    click.option(
        "--audience",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="CSV, Parquet or NDJSON file with a column `customer`.",
    ),
    click.option("--segment", metavar="CEL", help="Instead: all whose profile meets it: 'customer.tier == \"gold\"'."),
    click.option("--placement", required=True, help="Where the offers will be shown."),
    click.option("--at", type=MOMENT, help="What time it is for everybody; now, if not given."),
    click.option("--processes", type=click.IntRange(1, 256), help="How many processes work; one for each core."),
    click.option("--dask", metavar="ADDRESS", help="Let the workers of a Dask scheduler work, instead of processes."),
    click.option(
        "--chunk", type=click.IntRange(1, 1_000_000), help=f"Customers a part; {CHUNK:,} or so, if not given."
    ),
)


def _for_whom(command: Command) -> Command:
    for option in reversed(_WHO):
        command = option(command)
    return command


@click.group()
def campaign() -> None:
    """Decide for a whole audience at once."""


campaign.add_command(list_campaigns)
campaign.add_command(withdraw)


@campaign.command()
@_for_whom
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="A file that ends in .parquet, or a folder for Hive partitions.",
)
@click.option("--id", "id", help="Name of the campaign; without it, the same command is always the same campaign.")
@click.option("--column", "columns", multiple=True, help="Attribute of offers to write beside them; once for each.")
@click.option("--dry-run", is_flag=True, help="Decide and write the output, but store and journal nothing.")
def run(out: Path, id: str | None, columns: tuple[str, ...], dry_run: bool, **who: Unpack[Who]) -> None:
    """Decide for everybody of an audience once, and write who shall see what as Parquet.

    The same command again goes on where it was stopped, whatever stopped it, and does nothing once it is done.
    """
    check_name(out)
    wish = _wish(who, out, dry_run)
    name = None if id is None else _named(id)
    wish = msgspec.structs.replace(wish, id=name, columns=columns or None)
    _show(who, wish, CampaignShow.run)


@campaign.command()
@_for_whom
def plan(**who: Unpack[Who]) -> None:
    """Say what volume limits would cost an audience, and how near to the best a run would come; nothing is decided."""
    _show(who, _wish(who, Path("plan"), dry_run=True), CampaignShow.plan)


def _show(who: Who, wish: Wish, what: Callable[[CampaignShow], Coroutine[None, None, bool]]) -> None:
    dask = who["dask"]
    with local_crew(who["processes"] or cores()) if dask is None else dask_crew(dask) as crew:
        show = CampaignShow(read_settings(), wish, who["audience"], crew, open_console(stderr=True))
        done = asyncio.run(what(show))
    if not done:
        sys.exit(INTERRUPTED)


def _wish(who: Who, out: Path, dry_run: bool) -> Wish:
    audience, segment, at = who["audience"], who["segment"], who["at"]
    if (audience is None) == (segment is None):
        raise Invalid((Fault("--audience", "name either an audience file or a --segment"),))
    now = wall_clock()
    if at is not None and at > now and not dry_run:
        raise Invalid((Fault("--at", "lies in the future; only a dry run can be made for a moment to come"),))
    return Wish(
        source=str(audience.resolve()) if audience is not None else segment or "",
        digest=_digest(audience, segment),
        placement=PlacementId(who["placement"]),
        out=out,
        moment=now if at is None else at,
        dry_run=dry_run,
        chunk=who["chunk"],
        fixed=at is not None,
    )


def _digest(audience: Path | None, segment: str | None) -> str:
    digest = blake2b(digest_size=16)
    if audience is None:
        digest.update(f"segment\0{segment}".encode())
    else:
        with audience.open("rb") as file:
            while page := file.read(1 << 20):
                digest.update(page)
    return digest.hexdigest()


def _named(id: str) -> CampaignId:
    if not NAME.fullmatch(id):
        raise Invalid((Fault("--id", f"{id!r}: give lower-case letters, digits and hyphens, 64 at most"),))
    return CampaignId(id)
