"""Where a decision's microseconds go, as a table of Markdown: it is printed, and put between the marks of a page."""

from collections.abc import Sequence
from pathlib import Path

from loadtest.bench.errors import NoMarks
from loadtest.bench.figure import Figure

NAME = "stages"
"""The figures that the table is made of, one per load."""

BEGIN, END = "<!-- stages: `make bench` writes what follows -->", "<!-- end of stages -->"

QUANTILES = ("median", "p99")


def quantity(stage: str, quantile: str) -> str:
    """The name of one cell's quantity among a figure's details."""
    return f"{stage}, {quantile}, µs"


def stage_table(figures: Sequence[Figure]) -> str:
    """A row per stage, median and 99th percentile per load; empty without such figures."""
    loads = [figure for figure in figures if figure.name == NAME]
    if not loads:
        return ""
    stages = [name.partition(",")[0] for name in loads[0].details if name.endswith(f", {QUANTILES[0]}, µs")]
    head = [f"{load.case}: {quantile}" for load in loads for quantile in QUANTILES]
    lines = [_line(["stage, µs", *head]), _line(["---", *("---:" for _ in head)])]
    for stage in stages:
        cells = [load.details.get(quantity(stage, quantile)) for load in loads for quantile in QUANTILES]
        lines.append(_line([f"`{stage}`", *("" if cell is None else f"{cell.median:,.0f}" for cell in cells)]))
    return "\n".join(lines)


def put_table(page: Path, table: str, origin: str) -> None:
    """Put a table and where it comes from between the marks of a page; raises `NoMarks` when it has none."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarks(f"{page} has no lines {BEGIN!r} and {END!r} to put the table of stages between.")
    page.write_text(f"{before}{BEGIN}\n{origin}\n\n{table}\n{END}{after}")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
