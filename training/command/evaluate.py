"""`concierge evaluate`."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click

from decision.command.console import open_console
from decision.command.moment import MOMENT
from decision.command.output_file import OUTPUT_FILE
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.ids import Instant, ModelVersion, PlacementId
from training.command.options import chosen_goal, places, which_decisions
from training.command.progress import counting
from training.evaluation.evaluation import Evaluation, evaluation_of
from training.evaluation.judgement import judge_goal
from training.evaluation.page import evaluation_page
from training.evaluation.slate_table import ASSUMPTIONS, slate_estimators_table, slate_table
from training.evaluation.table import estimators_table, evaluation_table, exploring_table, reach_table
from training.material.material import Range
from training.material.question import Source


@click.command()
@which_decisions
@click.option("--goal", help="The goal to evaluate for; may be left out where the workspace has only one.")
@click.option("--model", "models", multiple=True, help="Also a stored model of this version; may be repeated.")
@click.option(
    "--since",
    type=MOMENT,
    help="Decisions from this moment on; without it, from where trainings ended, or the latest fifth.",
)
@click.option(
    "--decided",
    multiple=True,
    help="Also judge what this placement decided for the same customers at the same moments; may be repeated.",
)
@click.option("--slates", is_flag=True, help="Also judge whole slates, all ranks together.")
@click.option("--html", "page", type=OUTPUT_FILE, help="Also write a page with plots to this file.")
def evaluate(
    goal: str | None,
    models: tuple[str, ...],
    decided: tuple[str, ...],
    slates: bool,
    placements: tuple[str, ...],
    source: Source | None,
    since: Instant | None,
    until: Instant | None,
    now: Instant | None,
    figures: Path | None,
    page: Path | None,
) -> None:
    """Estimate what policies would have earned on logged decisions: the model in use, its challenger, and any others.

    Beside them stand the policy that was logged, uniform choice, and the best constant: the offer that earned most
    before the decisions judged. Intervals are clustered by subject; where the log cannot support a figure, none is
    given. A placement that --decided beside the logged one, under a contact policy of its own, shows what that costs.
    """
    range = Range(since, until, now, places(placements), source)
    versions = tuple(ModelVersion(model) for model in models)
    evaluation = asyncio.run(_evaluate(read_settings(), goal, range, versions, places(decided), slates))
    console = open_console()
    console.print(evaluation_table(evaluation, "What policies would have earned"))
    console.print(estimators_table(evaluation, "The same by every estimator"))
    if evaluation.exploring:
        console.print(exploring_table(evaluation.exploring, "What exploring earns, or costs"))
    if evaluation.slates:
        for assumption in ASSUMPTIONS:
            title = f"What whole slates would have earned ({assumption})"
            console.print(slate_table(evaluation.slates, assumption, title))
        console.print(slate_estimators_table(evaluation.slates, "Slates by every estimator"))
    if evaluation.reaches:
        console.print(reach_table(evaluation.reaches, "What the placements' contacts would have brought"))
    if page is not None:
        page.write_text(evaluation_page(evaluation, "What policies would have earned"), encoding="utf-8")
    if figures is not None:
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation)))


async def _evaluate(
    settings: Settings,
    goal: str | None,
    range: Range,
    versions: tuple[ModelVersion, ...],
    decided: tuple[PlacementId, ...],
    slates: bool,
) -> Evaluation:
    async with open_store(settings) as store:
        registry = Registry(store)
        chosen = await chosen_goal(registry, goal)
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal, counting("Deciding again") as step:
            return evaluation_of(
                await judge_goal(registry, journal, chosen, range, versions, step, decided, slates=slates)
            )
