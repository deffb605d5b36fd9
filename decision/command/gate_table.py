"""What was checked of a model, for people."""

from rich.box import SIMPLE
from rich.table import Table

from models.gate import Gate


def gate_table(gate: Gate) -> Table:
    """Every check with what it came to; those that failed stand out."""
    beside = f"model {gate.champion}" if gate.champion is not None else "no model, which every offer is alike to"
    table = Table(
        title="What speaks for and against it",
        caption=f"The champion was {beside}.{' It was put to use all the same, by force.' if gate.forced else ''}",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("Check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("What it came to", ratio=1)
    for check in gate.checks:
        table.add_row(check.name, "passed" if check.passed else "[bold red]failed[/]", check.said.replace("[", r"\["))
    return table
