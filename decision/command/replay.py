"""`concierge replay`: decide again what the journal says was decided, and compare bit for bit."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future

import msgspec
import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from decision.campaign.hands import Crew, Hands
from decision.command.campaign_crew import dask_crew, local_crew
from decision.command.console import open_console
from decision.command.moment import MOMENT
from decision.journal.reading import open_journal
from decision.journal.settling import settle
from decision.replay.comparing import Compared, Comparing, compare_page
from decision.replay.pages import Pages
from decision.service.bulk.processes import cores
from decision.settings import Settings, read_settings
from decision.store.embedded import EmbeddedServer
from decision.store.opening import open_store
from decision.store.port import Store
from rules.errors import NotFound
from rules.ids import Instant
from rules.instant import format_instant

FEW_PAGES = 4
"""So many pages are done here sooner than processes have started."""

_SHOWN = 20


@click.command()
@click.option("--since", type=MOMENT, help="Only decisions made from this moment (RFC 3339) on.")
@click.option("--until", type=MOMENT, help="Only decisions made before this moment.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many processes work; one for each core.")
@click.option("--dask", metavar="ADDRESS", help="Let the workers of a Dask scheduler work, instead of processes.")
def replay(since: Instant | None, until: Instant | None, processes: int | None, dask: str | None) -> None:
    """Decide every journalled decision again with the versions of its time; exit status 1 unless all are the same."""
    with local_crew(processes or cores()) if dask is None else dask_crew(dask) as crew:
        compared = asyncio.run(_replay(read_settings(), since, until, crew, dask is not None))
    total = compared.equal + len(compared.different)
    click.echo(f"{compared.equal:,} of {total:,} decisions are the same bit for bit.")
    for decision in compared.different[:_SHOWN]:
        click.echo(f"different: {decision}", err=True)
    if compared.different:
        sys.exit(1)


async def _replay(
    settings: Settings,
    since: Instant | None,
    until: Instant | None,
    crew: Crew,
    elsewhere: bool,
) -> Compared:
    console = open_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with open_store(settings) as store:
        await settle(store, settings.folder)
        with open_journal(settings.folder) as journal:
            pages = Pages(journal, since, until)
            if not pages.decisions:
                raise NotFound(_none(since, until))
            with Progress(*columns, console=console) as progress:
                task = progress.add_task("deciding again", total=pages.decisions)

                def advance(decisions: int) -> None:
                    progress.advance(task, decisions)

                if len(pages) <= FEW_PAGES and not elsewhere:
                    return await _compare_here(store, pages, advance)
                with Hands(crew, console.print, "replay") as hands:
                    return await _compare(_reached_by_all(settings), pages, hands, advance)


def _none(since: Instant | None, until: Instant | None) -> str:
    """What is said where nothing can be compared: who looks at the exit status alone must not take it for proof."""
    after = "" if since is None else f" from {format_instant(since)} on"
    before = "" if until is None else f" before {format_instant(until)}"
    return f"The journal has no decision{after}{before} that was made here: there is nothing to compare."


async def _compare_here(store: Store, pages: Pages, advance: Callable[[int], None]) -> Compared:
    comparing, compared = Comparing(store), Compared()
    for number in range(len(pages)):
        page = pages.page(number)
        compared += await comparing.compare(page)
        advance(len(page))
        pages.let_go(number)
    return compared


async def _compare(settings: Settings, pages: Pages, hands: Hands, advance: Callable[[int], None]) -> Compared:
    parts: dict[int, Compared] = {}

    def submit(executor: Executor, number: int) -> Future[Compared]:
        return executor.submit(compare_page, settings, pages.page(number))

    async def land(number: int, part: Compared) -> None:
        parts[number] = part
        advance(part.equal + len(part.different))
        pages.let_go(number)

    await hands.work(range(len(pages)), submit, land, asyncio.Event())
    return sum((parts[number] for number in sorted(parts)), Compared())


def _reached_by_all(settings: Settings) -> Settings:
    """The settings for other processes: the store that is open here, by its address."""
    store = settings.store or EmbeddedServer(settings.folder).url
    return msgspec.structs.replace(settings, store=store)
