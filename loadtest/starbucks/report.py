"""What the recorded run took, and the published figures its result stands beside."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

REFERENCE = (
    "Reference (doubly robust, same waves, standard errors in brackets): logged policy 11.31 (0.20), best single offer "
    "14.55 (0.68), a plain per-offer ridge on profile and past spend 14.90 (0.73)."
)


def print_report(console: Console, evaluation: str, rows: Mapping[str, int], seconds: Mapping[str, float]) -> None:
    """The evaluation as the command printed it, then how fast each step went; `rows` and `seconds` by step."""
    table = Table(title="What the run took")
    for column in ("step", "rows", "seconds", "rows/s"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for step, took in seconds.items():
        count = rows.get(step)
        speed = f"{count / took:,.0f}" if count else ""
        table.add_row(step, f"{count:,}" if count else "", f"{took:.1f}", speed)
    console.print(table)
    console.print(evaluation)
    console.print(REFERENCE)
