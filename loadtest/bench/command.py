"""`concierge bench`: measure, print, write bench.json."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.console import Console

from loadtest.bench.effort import FULL, QUICK
from loadtest.bench.figure import Absent, Figure
from loadtest.bench.machine import this_machine, this_origin
from loadtest.bench.measuring import NAMES, Run
from loadtest.bench.peers import absent_peers
from loadtest.bench.quietness import read_cores, share_of_others, warn
from loadtest.bench.report import Report, print_report, where, write_report
from loadtest.bench.stage_table import put_table, stage_table
from loadtest.errors import WorldError


def _in_a_folder(_context: click.Context, _option: click.Parameter, output: Path) -> Path:
    """Refuse a file that cannot be written before anything is measured."""
    if not output.parent.is_dir():
        raise click.BadParameter(f"There is no folder {str(output.parent)!r}: make it first, or name another.")
    return output


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only this figure; may be repeated.")
@click.option("--quick", is_flag=True, help="Find out whether everything runs; figures are rough.")
@click.option(
    "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), default=Path("bench.json"),
    show_default=True, callback=_in_a_folder, help="Where to write the figures.",
)  # fmt: skip
@click.option(
    "--page", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also put the table of stages between the marks of this page.",
)  # fmt: skip
def bench(only: tuple[str, ...], quick: bool, output: Path, page: Path | None) -> None:
    """Measure the kernels and the service against others, in turns, and write bench.json.

    Every figure is a ratio against something measured beside it, and what is timed is first found equal to its
    reference; where it is not, the bench ends with 1. Peers are the optional packages of the extra `bench`; those that
    are absent are named.
    """
    console = Console()
    machine, begun, clock, cores = this_machine(), datetime.now(UTC), time.perf_counter(), read_cores()
    for warning in warn(machine, None):
        console.print(warning, style="bold yellow", markup=False, highlight=False)
    for package, why in absent_peers().items():
        console.print(f"Absent: {package}: {why}", style="yellow", markup=False, highlight=False)
    run = Run(console, QUICK if quick else FULL)
    asyncio.run(run.measure(frozenset(only or NAMES)))
    report = Report(
        begun=begun.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 1),
        quick=quick,
        machine=machine,
        origin=this_origin(),
        warnings=warn(machine, share_of_others(cores, read_cores(), machine.cores)),
        figures=tuple(one for one in run.outcomes if isinstance(one, Figure)),
        absent=tuple(one for one in run.outcomes if isinstance(one, Absent)),
    )
    print_report(console, report)
    write_report(output, report)
    console.print(f"Written to {output}.", markup=False)
    try:
        if page is not None and (table := stage_table(report.figures)):
            put_table(page, table, where(report))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    if wrong := [one.name for one in report.absent if one.wrong]:
        raise click.ClickException(f"What was to be timed does not equal its reference: {', '.join(wrong)}.")
