"""What the recorded run took, and the published figures its result stands beside."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from loadtest.messages import Compared, Judged

REFERENCE = (
    "Reference (doubly robust, same waves, standard errors in brackets): logged policy 11.31 (0.20), best single offer "
    "14.55 (0.68), a plain per-offer ridge on profile and past spend 14.90 (0.73), its gain over the best single offer "
    "0.36 (0.35)."
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


def print_gain(console: Console, policy: Compared, constant: Compared, placement: Judged) -> None:
    """What the policy is worth beyond the best single offer, and how often it shows none."""
    gain, value, single = policy.gain, policy.dr, constant.dr
    if gain.value is None or gain.low is None or gain.high is None or value.value is None or single.value is None:
        console.print("What the policy gains cannot be told: the experiment never did what it would have done.")
        return
    verdict = "better" if gain.low > 0 else "worse" if gain.high < 0 else "which may be chance"
    console.print(
        f"On waves it has not seen the policy earns {value.value:.2f} per customer and wave by DR, the best single "
        f"offer {single.value:.2f}: {gain.value:+.2f} (95 %: {gain.low:+.2f} to {gain.high:+.2f}), {verdict}. It shows "
        f"no offer to {1 - placement.contacts:.1%} of the customers, where it expects none to bring more than silence."
    )


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
