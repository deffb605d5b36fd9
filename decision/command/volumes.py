"""`concierge volumes`: what is taken of every volume limit, and what is left."""

import asyncio

import msgspec
import rich_click as click
from rich.table import Column, Table

from decision.clock import wall_clock
from decision.command.console import open_console
from decision.command.moment import MOMENT
from decision.service.claims import counter_of, period_of
from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.versions import Versions
from rules.errors import NotFound
from rules.ids import Instant
from rules.volume import VolumePlace


class Counted(msgspec.Struct, frozen=True):
    """A place with a most: the period it counts, and how many units of it are taken and held."""

    place: VolumePlace
    period: str
    taken: int
    held: int

    @property
    def left(self) -> int:
        """How many units can be had."""
        return max((self.place.most or 0) - self.taken - self.held, 0)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Show those too of which nothing is taken.")
@click.option("--at", type=MOMENT, help="The moment whose day is counted (RFC 3339); now without it.")
def volumes(everything: bool, at: Instant | None) -> None:
    """Show what is taken, held and left of every volume limit of the catalogue in use."""
    counted = asyncio.run(_count(wall_clock() if at is None else at))
    shown = [each for each in counted if everything or each.taken or each.held]
    numbers = [Column(name, justify="right") for name in ("Taken", "Held", "Left", "Of")]
    table = Table("Limit", "Channel", "Value", "Period", *numbers)
    for each in shown:
        place = each.place
        names = (place.limit.id, place.channel or "", place.value or "", each.period)
        table.add_row(*names, *(f"{number:,}" for number in (each.taken, each.held, each.left, place.most or 0)))
    open_console().print(table)
    if len(shown) < len(counted):
        click.echo(f"Of {len(counted) - len(shown):,} more nothing is taken; --all shows them.")


async def _count(now: Instant) -> list[Counted]:
    async with open_store(read_settings()) as store:
        registry = Registry(store)
        version = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
        if version is None:
            raise NotFound("No catalogue is in use yet: publish one with `concierge publish DIR`.")
        catalogue = await Versions(registry).catalogue(version)
        places = [place for place in catalogue.volumes.places if place.most is not None]
        counts = await store.count([counter_of(place, now) for place in places])
        return [
            Counted(place, period_of(place, now), taken, held)
            for place, (taken, held) in zip(places, counts, strict=True)
        ]
