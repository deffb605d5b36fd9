"""`concierge import customers|events|decisions`: history from files, row by row."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from decision.composition import open_import_desk
from decision.importing.desk import Import, ImportDesk
from decision.importing.report import Progress, total
from decision.importing.rows import Row, count_rows, read_rows
from decision.settings import read_settings

Kind = Literal["customers", "events", "decisions"]

CHUNKS: dict[Kind, int] = {"customers": 1_000, "events": 5_000, "decisions": 20_000}
"""Rows that are read, checked and written together; each chunk of decisions reads the journal once."""

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
    _run("customers", file, lambda desk: desk.customers(mapping))


@import_group.command()
@_file
@_mapping
def events(file: Path, mapping: Path) -> None:
    """Import behaviour: each event counts once in its subject's profile."""
    _run("events", file, lambda desk: desk.events(mapping))


@import_group.command()
@_file
@_mapping
def decisions(file: Path, mapping: Path) -> None:
    """Import decisions of another system, with their probabilities and outcomes, to train and evaluate on."""
    _run("decisions", file, lambda desk: desk.decisions(mapping))


def _run(kind: Kind, file: Path, make: Callable[[ImportDesk], Import]) -> None:
    progress = asyncio.run(_import(kind, file, make))
    console = Console(stderr=True, highlight=False)
    for row in progress.bad:
        console.print(f"{file}: {row}", markup=False, soft_wrap=True)
    click.echo(
        f"{progress.taken:,} {kind} imported, {progress.repeated:,} were there already, {len(progress.bad):,} bad rows."
    )
    if progress.bad:
        sys.exit(1)


async def _import(kind: Kind, file: Path, make: Callable[[ImportDesk], Import]) -> Progress:
    rows, parts = read_rows(file), list[Progress]()
    async with open_import_desk(read_settings()) as desk:
        taking = make(desk)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(f"importing {kind}", total=count_rows(file))
            for chunk in _chunks(rows, CHUNKS[kind]):
                parts.append(await taking.take(chunk))
                bar.advance(task, len(chunk))
            bar.update(task, total=bar.tasks[task].completed)
    return total(parts)


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, size)):
        yield chunk
