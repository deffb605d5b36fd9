"""`concierge bench`: measure, print, write bench.json."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.console import Console

from loadtest.bench.bulk import measure_bulk
from loadtest.bench.decision_rate import measure_empty, measure_naive
from loadtest.bench.effort import FULL, QUICK, Effort
from loadtest.bench.figure import Absent, Figure, Outcome
from loadtest.bench.hotel_service import HotelService, open_hotel_service
from loadtest.bench.kernels.actions import measure_vw
from loadtest.bench.kernels.binding import measure_binding
from loadtest.bench.kernels.forest import measure_predict, measure_treelite
from loadtest.bench.kernels.rules import measure_rules
from loadtest.bench.latency import measure_latency
from loadtest.bench.machine import this_machine, this_origin
from loadtest.bench.peers import absent_peers
from loadtest.bench.profile_bytes import measure_bytes
from loadtest.bench.quietness import read_cores, share_of_others, warn
from loadtest.bench.report import Report, print_report, write_report
from loadtest.bench.stage_table import NAME as STAGES
from loadtest.bench.stage_table import put_table, stage_table
from loadtest.bench.stages import measure_stages
from loadtest.bench.start import measure_start
from loadtest.errors import WorldError

_KERNELS: dict[str, Callable[[Effort], Iterator[Outcome]]] = {
    "forest_vs_predict": measure_predict,
    "forest_vs_treelite": measure_treelite,
    "forest_vs_vw": measure_vw,
    "forest_binding": measure_binding,
    "rules_vs_zen": measure_rules,
}
_SERVED: dict[str, Callable[[HotelService, Effort], AsyncIterator[Outcome]]] = {
    "decision_vs_empty": measure_empty,
    "decision_vs_naive": measure_naive,
    "bulk_customers_per_second": measure_bulk,
    "latency": measure_latency,
    STAGES: measure_stages,
}
_APART: dict[str, Callable[[Console, Effort], AsyncIterator[Outcome]]] = {
    "ready_seconds": measure_start,
    "bytes_per_profile": measure_bytes,
}
NAMES = (*_KERNELS, *_SERVED, *_APART)


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only this figure; may be repeated.")
@click.option("--quick", is_flag=True, help="Find out whether everything runs; figures are rough.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("bench.json"), show_default=True,
    help="Where to write the figures.",
)  # fmt: skip
@click.option(
    "--page", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also put the table of stages between the marks of this page.",
)  # fmt: skip
def bench(only: tuple[str, ...], quick: bool, output: Path, page: Path | None) -> None:
    """Measure the kernels and the service against others, in turns, and write bench.json.

    Every figure is a ratio against something measured beside it, and what is timed is first found equal to its
    reference. Peers are the optional packages of the extra `bench`; those that are absent are named.
    """
    console = Console()
    machine, begun, clock, cores = this_machine(), datetime.now(UTC), time.perf_counter(), read_cores()
    for warning in warn(machine, None):
        console.print(warning, style="bold yellow", markup=False, highlight=False)
    for package, why in absent_peers().items():
        console.print(f"Absent: {package}: {why}", style="yellow", markup=False, highlight=False)
    try:
        outcomes = asyncio.run(_measure(console, only or NAMES, QUICK if quick else FULL))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    report = Report(
        begun=begun.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 1),
        quick=quick,
        machine=machine,
        origin=this_origin(),
        warnings=warn(machine, share_of_others(cores, read_cores(), machine.cores)),
        figures=tuple(one for one in outcomes if isinstance(one, Figure)),
        absent=tuple(one for one in outcomes if isinstance(one, Absent)),
    )
    print_report(console, report)
    write_report(output, report)
    console.print(f"Written to {output}.", markup=False)
    if page is not None and (table := stage_table(report.figures)):
        put_table(page, table, f"{machine.processor}, {machine.cores} cores, commit {report.origin.commit[:12]}:")


async def _measure(console: Console, wanted: Iterable[str], effort: Effort) -> list[Outcome]:
    wanted = frozenset(wanted)
    outcomes: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        outcomes.append(outcome)
        said = f"{outcome.ratio.median:.4g} ({outcome.case})" if isinstance(outcome, Figure) else "not measured"
        console.print(f"{outcome.name}: {said}", style="dim", markup=False, highlight=False)

    for name, kernel in _KERNELS.items():
        if name in wanted:
            for outcome in kernel(effort):
                keep(outcome)
    if wanted & _SERVED.keys():
        async with open_hotel_service(console, effort) as service:
            for name, served in _SERVED.items():
                if name in wanted:
                    async for outcome in served(service, effort):
                        keep(outcome)
    for name, apart in _APART.items():
        if name in wanted:
            async for outcome in apart(console, effort):
                keep(outcome)
    return outcomes
