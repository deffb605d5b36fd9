"""What several commands ask: which logged decisions are meant, of which goal."""

from collections.abc import Callable
from typing import TypeVar

import rich_click as click

from decision.command.moment import MOMENT
from decision.command.output_file import OUTPUT_FILE
from decision.version.registry import Registry
from rules.errors import Fault, Invalid
from rules.ids import GoalId, PlacementId
from training.material.material import current_catalogue

Command = TypeVar("Command", bound=Callable[..., None])


def which_decisions(command: Command) -> Command:
    """The options that choose logged decisions, and where figures go."""
    options = (
        click.option("--placement", "placements", multiple=True, help="Only decisions of this placement; repeatable."),
        click.option("--source", type=click.Choice(["live", "import"]), help="Only those made here, or imported ones."),
        click.option("--until", type=MOMENT, help="Only decisions before this moment (RFC 3339)."),
        click.option(
            "--now",
            type=MOMENT,
            help="Leave out decisions whose window ends after this; without it, after the journal's last record.",
        ),
        click.option("--json", "figures", type=OUTPUT_FILE, help="Also write the figures to this file."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def places(names: tuple[str, ...]) -> tuple[PlacementId, ...]:
    """The placements that an option names."""
    return tuple(PlacementId(name) for name in names)


async def chosen_goal(registry: Registry, goal: str | None) -> GoalId:
    """The goal that was named, or the only one; raises `Invalid` where it must be named."""
    if goal is not None:
        return GoalId(goal)
    goals = sorted((await current_catalogue(registry)).workspace.goals)
    if len(goals) != 1:
        raise Invalid((Fault("--goal", f"is needed, for the workspace has several: {', '.join(goals)}"),))
    return goals[0]
