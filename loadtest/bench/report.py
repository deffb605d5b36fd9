"""What a run prints and writes."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from loadtest.bench.figure import Absent, Figure, Goal, Series
from loadtest.bench.machine import Machine, Origin
from loadtest.bench.stage_table import stage_table


class Report(msgspec.Struct, frozen=True):
    """`bench.json`: everything a run found, and where; `warnings` say why its figures may be worth little."""

    begun: str
    seconds: float
    quick: bool
    machine: Machine
    origin: Origin
    warnings: tuple[str, ...]
    figures: tuple[Figure, ...]
    absent: tuple[Absent, ...]


def print_report(console: Console, report: Report) -> None:
    """The figures with their spread, what they are made of, where a decision's time goes, and the goals at the end."""
    console.print(f"{where(report)}; {report.seconds:.0f} s", markup=False, highlight=False)
    console.print(_ratios(report.figures))
    for figure in report.figures:
        _print_details(console, figure)
    if table := stage_table(report.figures):
        console.print(table, markup=False, highlight=False, soft_wrap=True)
    for figure in report.figures:
        for goal in figure.goals:
            console.print(_verdict(figure, goal), highlight=False, soft_wrap=True)
    for absent in report.absent:
        console.print(f"Not measured: {absent.name}: {absent.why}", style="yellow", markup=False, highlight=False)
    for warning in report.warnings:
        console.print(warning, style="bold yellow", markup=False, highlight=False)


def where(report: Report) -> str:
    """The machine and the commit, in a line."""
    machine, origin = report.machine, report.origin
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, load {machine.load[0]:.1f} before; "
        f"commit {origin.commit[:12]}{' with changes' if origin.changed else ''}"
        f"{'; quick: rough figures' if report.quick else ''}"
    )


def write_report(path: Path, report: Report) -> None:
    """Write `bench.json`."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def _ratios(figures: Sequence[Figure]) -> Table:
    table = Table(
        "Figure", *(Column(title, justify="right") for title in ("Ratio", "From – to", "Ours", "Theirs")),
        show_lines=True,
    )  # fmt: skip
    for figure in figures:
        table.add_row(
            f"[bold]{figure.name}[/]\n{escape(figure.case)}",
            _short(figure.ratio.median),
            f"{_short(figure.ratio.minimum)} – {_short(figure.ratio.maximum)}",
            f"{_short(figure.ours.median)}\n{figure.unit}",
            _short(figure.theirs.median),
        )
    return table


def _print_details(console: Console, figure: Figure) -> None:
    console.print(f"{figure.name}: {figure.case}", style="bold", markup=False, highlight=False)
    console.print(f"  against {figure.against}; {figure.checked}", markup=False, highlight=False)
    for note in figure.notes:
        console.print(f"  {note}", markup=False, highlight=False)
    if figure.details:
        table = Table("", *(Column(title, justify="right") for title in ("Median", "Least", "Most")), box=None)
        for name, series in figure.details.items():
            table.add_row(f"  {name}", *_spread(series))
        console.print(table)


def _verdict(figure: Figure, goal: Goal) -> str:
    met = "[green]met    [/]" if goal.met else "[red]not met[/]"
    wanted = f"{'≤' if goal.low else '≥'} {_short(goal.wanted)}"
    case = escape(f"{figure.case}: {goal.quantity}")
    return f"{met} [bold]{figure.name}[/], {case} {_short(goal.measured)}, wanted {wanted}"


def _spread(series: Series) -> tuple[str, str, str]:
    return _short(series.median), _short(series.minimum), _short(series.maximum)


def _short(number: float) -> str:
    """Three figures or so."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
