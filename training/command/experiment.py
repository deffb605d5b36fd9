"""`concierge experiment`."""

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
from rules.ids import GoalId, Instant
from training.errors import TrainingError
from training.experiment.persons import latest_catalogues
from training.experiment.report import Report, Wish, report_on
from training.experiment.split import split_of
from training.experiment.table import show_report
from training.material.material import current_catalogue, stored_catalogues


@click.command()
@click.argument("experiment")
@click.option("--beside", help="The group to compare with; without it, the champion (of `holdout`, those held out).")
@click.option("--goal", help="Whose outcomes count; may be left out where the placements have one goal.")
@click.option("--event", help="Count events of this kind from a person's first decision on, instead of outcomes.")
@click.option("--count", "counted", is_flag=True, help="Compare how many there are, not what they are worth.")
@click.option("--since", type=MOMENT, help="Only decisions from this moment (RFC 3339) on.")
@click.option("--until", type=MOMENT, help="Only decisions before this moment (RFC 3339).")
@click.option("--level", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True, help="Of the intervals.")
@click.option("--json", "figures", type=OUTPUT_FILE, help="Also write the figures to this file.")
def experiment(
    experiment: str,
    beside: str | None,
    goal: str | None,
    event: str | None,
    counted: bool,
    since: Instant | None,
    until: Instant | None,
    level: float,
    figures: Path | None,
) -> None:
    """Tell what each group of EXPERIMENT earns per person, or, for `holdout`, what showing anything brings.

    First of all it checks whether as many persons are in each group as should be. Look as often as you like: the
    intervals stay true. Exit status 1 says that the division is not what was declared.
    """
    chosen = None if goal is None else GoalId(goal)
    wish = Wish(experiment, beside, chosen, event, counted, since, until, level)
    report = asyncio.run(_report(read_settings(), wish))
    show_report(open_console(), report)
    if figures is not None:
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    if report.ratio.alarm:
        raise SystemExit(1)


async def _report(settings: Settings, wish: Wish) -> Report:
    async with open_store(settings) as store:
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal:
            registry = Registry(store)
            catalogues = await stored_catalogues(registry, latest_catalogues(journal))
            met = any(split_of(catalogue, wish.id) for catalogue in catalogues.values())
            if not met and split_of(await current_catalogue(registry), wish.id):
                raise TrainingError(f"{wish.id!r} is declared, but nobody was decided for since; look again later.")
            return report_on(journal, catalogues, wish)
