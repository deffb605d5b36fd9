"""`concierge train` and `concierge evaluate`."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from decision.clock import wall_clock
from decision.command.moment import MOMENT
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.errors import Fault, Invalid
from rules.ids import GoalId, Instant, ModelVersion, PlacementId
from training.evaluation.evaluation import Evaluation
from training.material.material import Range, current_catalogue
from training.material.question import Source
from training.promotion.publication import publish
from training.report import evaluation_table, quality_table, reach_table
from training.session import Step, Trained, evaluate_goal, train_goal

Command = TypeVar("Command", bound=Callable[..., None])


def _which_decisions(command: Command) -> Command:
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
        click.option(
            "--json",
            "figures",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Also write the figures to this file.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_which_decisions
@click.option("--goal", help="The goal to train for; may be left out where the workspace has only one.")
@click.option("--since", type=MOMENT, help="Only decisions from this moment (RFC 3339) on.")
@click.option("--no-activate", is_flag=True, help="Store the model without putting it to use.")
@click.option("--threads", type=click.IntRange(1, 256), default=2, show_default=True, help="Threads to train with.")
def train(
    goal: str | None,
    placements: tuple[str, ...],
    source: Source | None,
    since: Instant | None,
    until: Instant | None,
    now: Instant | None,
    no_activate: bool,
    threads: int,
    figures: Path | None,
) -> None:
    """Train a model from the journal, judge it on its latest decisions, and put it to use.

    The figures stand beside those of the model in use, of a constant and of chance.
    """
    range = Range(since, until, now, _places(placements), source)
    trained, version = asyncio.run(_train(read_settings(), goal, range, threads, not no_activate))
    console = Console()
    console.print(quality_table(trained.course.quality, "Predictions for the latest decisions, which it had not seen"))
    if trained.evaluation is not None:
        console.print(evaluation_table(trained.evaluation, "What policies would have earned on the same decisions"))
    else:
        console.print(f"What it would have earned cannot be said. {trained.unjudged}", soft_wrap=True)
    use = "stored, not in use" if no_activate else "in use; workers take it within seconds"
    console.print(
        f"Model {version} for goal {trained.artefact.goal!r} ({trained.artefact.evidence:,} shown offers): {use}.",
        soft_wrap=True,
    )
    if figures is not None:
        content = {"version": version, "evidence": trained.artefact.evidence, "metrics": trained.artefact.metrics}
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(content)))


@click.command()
@_which_decisions
@click.option("--goal", help="The goal to evaluate for; may be left out where the workspace has only one.")
@click.option(
    "--model", "models", multiple=True, help="A stored model's version, without it the one in use; may be repeated."
)
@click.option("--since", type=MOMENT, help="Decisions from this moment on; without it, from where the training ended.")
@click.option(
    "--decided",
    multiple=True,
    help="Also judge what this placement decided for the same customers at the same moments; may be repeated.",
)
def evaluate(
    goal: str | None,
    models: tuple[str, ...],
    decided: tuple[str, ...],
    placements: tuple[str, ...],
    source: Source | None,
    since: Instant | None,
    until: Instant | None,
    now: Instant | None,
    figures: Path | None,
) -> None:
    """Estimate what a model's decisions would have earned on logged ones.

    Beside it stand the policy that was logged, uniform choice, and the best constant: the offer that earned most before
    the decisions judged. Standard errors, in brackets, are clustered by subject. A placement that --decided beside the
    logged one, under a contact policy of its own, shows what that policy costs.
    """
    range = Range(since, until, now, _places(placements), source)
    versions = tuple(ModelVersion(model) for model in models)
    evaluation = asyncio.run(_evaluate(read_settings(), goal, range, versions, _places(decided)))
    Console().print(evaluation_table(evaluation, "What policies would have earned"))
    if evaluation.reaches:
        Console().print(reach_table(evaluation.reaches, "What the placements' contacts would have brought"))
    if figures is not None:
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation)))


async def _train(
    settings: Settings, goal: str | None, range: Range, threads: int, activate: bool
) -> tuple[Trained, ModelVersion]:
    async with open_store(settings) as store:
        registry = Registry(store)
        chosen = await _goal(registry, goal)
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal, _progress("Training and judging") as step:
            trained = await train_goal(registry, journal, chosen, range, wall_clock(), threads, step)
        return trained, await publish(registry, trained.artefact, "concierge train", activate)


async def _evaluate(
    settings: Settings,
    goal: str | None,
    range: Range,
    versions: tuple[ModelVersion, ...],
    decided: tuple[PlacementId, ...],
) -> Evaluation:
    async with open_store(settings) as store:
        registry = Registry(store)
        chosen = await _goal(registry, goal)
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal, _progress("Deciding again") as step:
            return await evaluate_goal(registry, journal, chosen, range, versions, step, decided)


async def _goal(registry: Registry, goal: str | None) -> GoalId:
    if goal is not None:
        return GoalId(goal)
    goals = sorted((await current_catalogue(registry)).workspace.goals)
    if len(goals) != 1:
        raise Invalid((Fault("--goal", f"is needed, for the workspace has several: {', '.join(goals)}"),))
    return goals[0]


def _places(names: tuple[str, ...]) -> tuple[PlacementId, ...]:
    return tuple(PlacementId(name) for name in names)


@contextmanager
def _progress(title: str) -> Iterator[Step]:
    """Counts decisions on a terminal; silent elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} decisions judged"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda: progress.advance(task)
