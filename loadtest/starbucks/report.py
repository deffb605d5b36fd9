"""What the recorded run took, and the published figures its result stands beside."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from loadtest.messages import Judged

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


def print_cost(console: Console, free: Judged, capped: Judged) -> None:
    """What the cap costs, in the currency of the experiment."""
    if capped.gain is None or capped.gain_error is None or capped.contact_worth is None or free.contact_worth is None:
        console.print("What the cap costs cannot be told: the experiment never did what the placements decided.")
        return
    lost, reach = -capped.gain, 1.96 * capped.gain_error
    console.print(
        f"A cap of one offer per 10 days costs {lost:.2f} per customer and wave (95 %: {lost - reach:.2f} to "
        f"{lost + reach:.2f}) and leaves {capped.contacts:.2f} of {free.contacts:.2f} contacts, each of which brings "
        f"{capped.contact_worth:.2f} more than silence instead of {free.contact_worth:.2f}."
    )
