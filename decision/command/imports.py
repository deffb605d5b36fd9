"""`concierge import customers|events|decisions`: history from files, row by row."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from decision.command.console import open_console
from decision.composition import open_import_desk
from decision.importing.desk import Import, ImportDesk
from decision.importing.report import Progress
from decision.importing.rows import RowFile, open_rows
from decision.settings import read_settings

Kind = Literal["customers", "events", "decisions"]

INTERRUPTED = 130
"""The exit status after Ctrl+C, as shells have it."""

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_mapping = click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="TOML that says which column means what.",
)


@click.group(name="import")
def import_group() -> None:
    """Import history from a CSV, Parquet or NDJSON file; importing the same file again changes nothing.

    Bad rows are listed with their line, and the rest is imported; the exit status is 1 when there were any.
    """


@import_group.command()
@_file
@_mapping
def customers(file: Path, mapping: Path) -> None:
    """Import customers: the mapped attributes and consents are set, everything else stays."""
    _run("customers", file, lambda desk, columns: desk.customers(mapping, columns))


@import_group.command()
@_file
@_mapping
def events(file: Path, mapping: Path) -> None:
    """Import behaviour: each event counts once in its subject's profile."""
    _run("events", file, lambda desk, columns: desk.events(mapping, columns))


@import_group.command()
@_file
@_mapping
def decisions(file: Path, mapping: Path) -> None:
    """Import decisions of another system, with their probabilities and outcomes, to train and evaluate on.

    Each gets the profile of its own moment, so import customers and events first.
    """
    _run("decisions", file, lambda desk, columns: desk.decisions(mapping, columns))


class _Tally:
    """What became of the rows so far."""

    def __init__(self) -> None:
        self.taken = self.repeated = self.bad = 0
        self.stopped = False

    def add(self, part: Progress) -> None:
        self.taken += part.taken
        self.repeated += part.repeated
        self.bad += len(part.bad)


def _run(kind: Kind, file: Path, make: Callable[[ImportDesk, tuple[str, ...]], Import]) -> None:
    settings = read_settings()

    rows = open_rows(file)
    tally = _Tally()

    async def run() -> None:
        async with open_import_desk(settings) as desk:
            await _take(kind, rows, make(desk, rows.columns), tally)

    asyncio.run(run())
    click.echo(f"{tally.taken:,} {kind} imported, {tally.repeated:,} were there already, {tally.bad:,} bad rows.")
    if tally.stopped:
        click.echo(f"Stopped before the end of {file}; import it again to take the rest.", err=True)
        sys.exit(INTERRUPTED)
    if tally.bad:
        sys.exit(1)


async def _take(kind: Kind, rows: RowFile, taking: Import, tally: _Tally) -> None:
    """Take rows until the end or Ctrl+C, which lets what was begun be finished; a second one does not."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(signum: signal.Signals) -> None:
        stopping.set()
        loop.remove_signal_handler(signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop, signum)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=open_console(stderr=True, highlight=False)) as bar:
        task = bar.add_task(f"importing {kind}", total=rows.length)
        async for part in taking.take(rows):
            tally.add(part)
            for row in part.bad:
                bar.console.print(f"{rows.path}: {row}", markup=False, soft_wrap=True)
            bar.advance(task, part.rows)
            if stopping.is_set():
                tally.stopped = True
                return
        bar.update(task, total=bar.tasks[task].completed)
