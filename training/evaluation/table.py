"""Policies beside each other, for people."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from training.evaluation.evaluation import Evaluation
from training.evaluation.policies import CONSTANT
from training.evaluation.reach import Reach
from training.figure import digits_of, number, with_error, with_interval


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Policies beside each other on the same decisions; standard errors in brackets."""
    table = Table(title=title, caption=_caption(evaluation), box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Policy", no_wrap=True)
    for column in ("IPS", "SNIPS", "Over constant", "Eff. n", "Weight"):
        table.add_column(column, justify="right", no_wrap=True)
    for found in evaluation.comparisons:
        table.add_row(
            found.policy,
            with_error(found.ips.value, found.ips.standard_error),
            with_error(found.snips.value, found.snips.standard_error),
            "–" if found.policy == CONSTANT else with_error(found.gain, found.gain_error),
            f"{found.ips.effective_sample_size:,.0f}",
            number(found.ips.mean_weight, 2),
        )
    return table


def reach_table(reaches: Sequence[Reach], title: str) -> Table:
    """Placements, and showing nothing, beside each other; what each gains over the first with its interval."""
    caption = (
        "Values are SNIPS; standard errors in brackets, intervals of 95 %. What a contact brought is what was earned "
        "more than by showing nothing. Each moment is judged by itself, on subjects as the logged policy left them."
    )
    table = Table(title=title, caption=caption, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Placement", no_wrap=True)
    for column in ("Contacts", "Value", f"Over {reaches[0].policy}", "Per contact"):
        table.add_column(column, justify="right", no_wrap=True)
    digits = digits_of(reaches[0].value.value)
    for place, found in enumerate(reaches):
        table.add_row(
            found.policy,
            number(found.contacts, 2),
            with_error(found.value.value, found.value.standard_error, digits),
            "–" if place == 0 else with_interval(found.gain, found.gain_error, digits),
            with_error(found.contact_worth, found.contact_worth_error, digits),
        )
    return table


def _caption(evaluation: Evaluation) -> str:
    said = [
        f"Value per decision over {evaluation.decisions:,} decisions, standard errors in brackets.",
        "A mean weight well below 1 says that the logged policy never tried much of what this one would do.",
    ]
    if evaluation.constant is not None:
        said.append(f"The constant is {evaluation.constant!r}.")
    said.extend(f"{count:,} decisions skipped: {reason}." for reason, count in sorted(evaluation.skipped.items()))
    return " ".join(said)
