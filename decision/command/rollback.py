"""`concierge rollback`: back to the version before, in a moment.

It imports no more than it needs: whoever goes back is in a hurry.
"""

import asyncio

import rich_click as click

from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import CATALOGUE_SLOT, Kind, Registry
from rules.errors import NotFound


@click.command()
@click.option("--model", "goal", metavar="GOAL", help="Roll back the model of this goal instead of the catalogue.")
def rollback(goal: str | None) -> None:
    """Go back to the catalogue (or model) that was in use before."""
    version, before = asyncio.run(_rollback(goal))
    click.echo(f"Back to {version} from {before}; workers have kept it ready and take it within a second.")


async def _rollback(goal: str | None) -> tuple[str, str | None]:
    """The version in use now and the one that was."""
    async with open_store(read_settings()) as store:
        registry = Registry(store)
        kind: Kind = "catalogue" if goal is None else "model"
        slot = goal or CATALOGUE_SLOT
        current = await registry.current(kind)
        if goal is not None and goal not in current:
            known = f"; goals with one: {', '.join(sorted(current))}" if current else ""
            raise NotFound(f"There is no model in use for a goal {goal!r}{known}.")
        before = current.get(slot)
        return await registry.rollback(kind, slot), before
