"""Policies beside each other, for people."""

from collections.abc import Mapping, Sequence
from math import nan

from rich.box import SIMPLE
from rich.table import Table

from rules.instant import tell_instant
from training.evaluation.evaluation import Evaluation
from training.evaluation.gain import Gain
from training.evaluation.policies import CONSTANT
from training.evaluation.reach import Reach
from training.figure import digits_of, number, with_error, with_interval


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Policies beside each other by DR, with intervals, and how far the log supports them."""
    table = Table(
        title=title, caption=" ".join(evaluation_notes(evaluation)), box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False
    )
    table.add_column("Policy", no_wrap=True)
    for column in ("DR", "from", "to", "Gain", "from", "to", "Eff. n", "Outside"):
        table.add_column(column, justify="right", no_wrap=True)
    for found in evaluation.comparisons:
        dr, gain, digits = found.dr, found.gain, digits_of(found.dr.value)
        values = (dr.value, dr.low, dr.high) if not found.support.refusal else [nan] * 3
        gains = (gain.value, gain.low, gain.high) if found.policy != CONSTANT else [nan] * 3
        shown = (number(figure, digits) for figure in (*values, *gains))
        effective, outside = found.support.effective_sample_size, found.support.outside
        table.add_row(found.policy, *shown, f"{effective:,.0f}", f"{outside:.0%}")
    return table


def estimators_table(evaluation: Evaluation, title: str) -> Table:
    """What each estimator says of each policy, and the interval that assumes least."""
    caption = (
        "Sure interval: of DR by empirical Bernstein, at 95 % for any number of subjects as long as none goes beyond "
        "those seen."
    )
    table = Table(title=title, caption=caption, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Policy", no_wrap=True)
    for column in ("IPS", "SNIPS", "DM", "DR", "Switch-DR", "Sure interval"):
        table.add_column(column, justify="right", no_wrap=True)
    for found in evaluation.comparisons:
        if found.support.refusal:
            table.add_row(found.policy, *["–"] * 6)
            continue
        digits = digits_of(found.dr.value)
        sure = f"{number(found.dr.sure_low, digits)} to {number(found.dr.sure_high, digits)}"
        table.add_row(found.policy, *(number(one.value, digits) for one in found.estimates.values()), sure)
    return table


def exploring_table(exploring: Mapping[str, Gain], title: str) -> Table:
    """What exploring earns per decision at each placement beside always showing what scores best."""
    caption = "Champion over greedy, paired, with intervals of 95 %. A dash: the log does not support the figure."
    table = Table(title=title, caption=caption, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Placement", no_wrap=True)
    for column in ("Gain", "from", "to", "Decisions"):
        table.add_column(column, justify="right", no_wrap=True)
    for placement, gain in exploring.items():
        digits = digits_of(gain.beside)
        shown = (number(figure, digits) for figure in (gain.value, gain.low, gain.high))
        table.add_row(placement, *shown, f"{gain.decisions:,}")
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


def evaluation_notes(evaluation: Evaluation) -> list[str]:
    """What must be known to read the figures, in sentences."""
    said = [
        f"Value per decision for {evaluation.goal!r}, with intervals of 95 %, over {evaluation.decisions:,} decisions "
        f"of {evaluation.subjects:,} subjects from {tell_instant(evaluation.first)} to {tell_instant(evaluation.last)}."
        " Outside is how much of what a policy would do the log never tried."
    ]
    if evaluation.constant is not None:
        said.append(f"The gain is over the constant, which is {evaluation.constant!r}.")
    else:
        said.append("There is no constant to gain over: nothing was logged before that would tell which offer is best.")
    if evaluation.held_out:
        said.append(
            f"{evaluation.held_out:,} of the decisions were held out: they count in what was logged, and no policy "
            "beside it holds anybody out."
        )
    said.extend(
        f"What {found.policy} is worth cannot be told: {found.support.refusal}."
        for found in evaluation.comparisons
        if found.support.refusal
    )
    said.extend(f"{count:,} decisions skipped: {reason}." for reason, count in sorted(evaluation.skipped.items()))
    return said
