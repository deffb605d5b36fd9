"""`concierge train`."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from decision.clock import wall_clock
from decision.command.moment import MOMENT
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.ids import Instant, ModelVersion
from training.command.options import chosen_goal, places, which_decisions
from training.command.progress import counting
from training.evaluation.table import evaluation_table
from training.learning.table import quality_table
from training.material.material import Range
from training.material.question import Source
from training.promotion.publication import publish
from training.promotion.training import Trained, train_goal


@click.command()
@which_decisions
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
    range = Range(since, until, now, places(placements), source)
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


async def _train(
    settings: Settings, goal: str | None, range: Range, threads: int, activate: bool
) -> tuple[Trained, ModelVersion]:
    async with open_store(settings) as store:
        registry = Registry(store)
        chosen = await chosen_goal(registry, goal)
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal, counting("Training and judging") as step:
            trained = await train_goal(registry, journal, chosen, range, wall_clock(), threads, step)
        return trained, await publish(registry, trained.artefact, "concierge train", activate)
