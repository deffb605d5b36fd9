"""`concierge train`."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click

from decision.clock import wall_clock
from decision.command.console import open_console
from decision.command.gate_table import gate_table
from decision.command.moment import MOMENT
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.errors import Fault, Invalid
from rules.ids import Instant
from training.command.options import chosen_goal, places, which_decisions
from training.command.progress import counting
from training.evaluation.evaluation import evaluation_of
from training.evaluation.table import evaluation_table
from training.learning.table import quality_table, reliability_table
from training.material.material import Range
from training.material.question import Source
from training.promotion.publication import Promotion, Use, promote
from training.promotion.renewal import Renewal
from training.promotion.training import Trained, train_goal


@click.command()
@which_decisions
@click.option("--goal", help="The goal to train for; may be left out where the workspace has only one.")
@click.option("--since", type=MOMENT, help="Only decisions from this moment (RFC 3339) on.")
@click.option("--if-new", is_flag=True, help="Only if enough came since the last training; made for cron.")
@click.option("--no-activate", is_flag=True, help="Store the model without putting it to use.")
@click.option("--force", is_flag=True, help="Put it to use whatever was found; its record tells of it.")
@click.option("--threads", type=click.IntRange(1, 256), default=2, show_default=True, help="Threads to train with.")
def train(
    goal: str | None,
    placements: tuple[str, ...],
    source: Source | None,
    since: Instant | None,
    until: Instant | None,
    now: Instant | None,
    if_new: bool,
    no_activate: bool,
    force: bool,
    threads: int,
    figures: Path | None,
) -> None:
    """Train a model from the journal, hold it against the one in use, and put it to use if nothing speaks against it.

    All that was checked stands in the model's record, which `concierge model show` prints. The figures stand beside
    those of the model in use, of a constant and of chance.
    """
    if force and no_activate:
        raise Invalid((Fault("--force", "puts the model to use, and --no-activate does not; leave one of them out"),))
    use: Use = "force" if force else "none" if no_activate else "if-passed"
    range = Range(since, until, now, places(placements), source)
    made = asyncio.run(_train(read_settings(), goal, range, threads, use, if_new))
    console = open_console()
    if isinstance(made, Renewal):
        console.print(
            f"Nothing to do: {made.fresh:,} shown offers came since model {made.last} learned from {made.known:,}, "
            f"and a training needs {made.share:.0%} more.",
            soft_wrap=True,
        )
        return
    trained, promotion = made
    console.print(quality_table(trained.course.quality, "Predictions for the latest decisions, which it had not seen"))
    kinds = " and ".join(dict.fromkeys(one.kind for one in trained.reliability))
    console.print(reliability_table(trained.reliability, f"The same predictions per {kinds}"))
    if trained.judged is not None:
        evaluation = evaluation_of(trained.judged)
        console.print(evaluation_table(evaluation, "What policies would have earned on the same decisions"))
    console.print(gate_table(trained.gate))
    console.print(
        f"Model {promotion.version} for goal {trained.artefact.goal!r} ({trained.artefact.evidence:,} shown offers): "
        f"{_told(trained, promotion)}.",
        soft_wrap=True,
    )
    if figures is not None:
        content = {
            "version": promotion.version,
            "in_use": promotion.in_use,
            "evidence": trained.artefact.evidence,
            "metrics": trained.artefact.metrics,
            "gate": trained.gate,
        }
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(content)))


def _told(trained: Trained, promotion: Promotion) -> str:
    failed = ", ".join(check.name for check in trained.gate.failed)
    if promotion.in_use:
        despite = f" in spite of {failed}, by --force" if failed else ""
        return f"in use{despite}; workers take it within seconds"
    if promotion.overtaken:
        return "stored, not in use: another model came into use meanwhile, which it was not held against"
    return f"stored, not in use: it did not pass {failed}" if failed else "stored, not in use"


async def _train(
    settings: Settings, goal: str | None, range: Range, threads: int, use: Use, if_new: bool
) -> tuple[Trained, Promotion] | Renewal:
    async with open_store(settings) as store:
        registry = Registry(store)
        chosen = await chosen_goal(registry, goal)
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal, counting("Training and judging") as step:
            trained = await train_goal(registry, journal, chosen, range, wall_clock(), threads, step, if_new)
        if isinstance(trained, Renewal):
            return trained
        return trained, await promote(registry, trained.artefact, use, trained.pointer)
