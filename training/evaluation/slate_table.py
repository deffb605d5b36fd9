"""Whole slates under policies beside each other, for people."""

from collections.abc import Sequence
from math import nan

from rich.box import SIMPLE
from rich.table import Table

from training.evaluation.estimators import ESTIMATORS
from training.evaluation.policies import LOGGED
from training.evaluation.slated import SlateComparison, SlateValues
from training.figure import digits_of, number

ASSUMPTIONS = {
    "cascade": "As cascades: what an offer earns may depend on all above it.",
    "rank by rank": "Rank by rank: what an offer earns does not depend on those above it.",
}
"""What is assumed of how ranks work together, and in a sentence."""


def values_of(found: SlateComparison) -> dict[str, SlateValues]:
    """A policy's values by the names of `ASSUMPTIONS`."""
    return dict(zip(ASSUMPTIONS, (found.cascade, found.rank_by_rank), strict=True))


def slate_notes(slates: Sequence[SlateComparison], assumption: str) -> list[str]:
    """What is assumed, and which policies cannot be told of, in sentences."""
    said = [ASSUMPTIONS[assumption], "By DR over the ranks, per decision; the gain is over what was logged, paired."]
    for found in slates:
        refusal = values_of(found)[assumption].support.refusal
        if refusal:
            said.append(f"What slates by {found.policy} are worth cannot be told so: {refusal}.")
    return said


def slate_digits(slates: Sequence[SlateComparison], assumption: str) -> int:
    """Decimals of all values under an assumption, so that they can be compared down the column."""
    told = [values for values in (values_of(found)[assumption] for found in slates) if not values.support.refusal]
    return digits_of(max((abs(values.estimates["DR"].value) for values in told), default=0.0))


def slate_table(slates: Sequence[SlateComparison], assumption: str, title: str) -> Table:
    """Whole slates beside each other under an assumption, with intervals of 95 %, and how far the log supports them."""
    table = _table(title, " ".join(slate_notes(slates, assumption)))
    for column in ("DR", "from", "to", "Gain", "from", "to", "Eff. n", "Outside"):
        table.add_column(column, justify="right", no_wrap=True)
    digits = slate_digits(slates, assumption)
    for found in slates:
        values = values_of(found)[assumption]
        dr, gain, support = values.estimates["DR"], values.gain, values.support
        figures = (dr.value, dr.low, dr.high) if not support.refusal else [nan] * 3
        gains = (gain.value, gain.low, gain.high) if found.policy != LOGGED else [nan] * 3
        shown = (number(figure, digits) for figure in (*figures, *gains))
        table.add_row(found.policy, *shown, f"{support.effective_sample_size:,.0f}", f"{support.outside:.0%}")
    return table


def slate_estimators_table(slates: Sequence[SlateComparison], title: str) -> Table:
    """What each estimator says of each policy's slates under each assumption."""
    table = _table(title, "Cascades assume less; what the log cannot tell of them it may tell rank by rank.")
    table.add_column("Ranks", no_wrap=True)
    for name in ESTIMATORS:
        table.add_column(name, justify="right", no_wrap=True)
    for found in slates:
        for assumption, values in values_of(found).items():
            digits = slate_digits(slates, assumption)
            figures = [nan if values.support.refusal else one.value for one in values.estimates.values()]
            table.add_row(found.policy, assumption, *(number(figure, digits) for figure in figures))
    return table


def _table(title: str, caption: str) -> Table:
    table = Table(title=title, caption=caption, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Policy", no_wrap=True)
    return table
