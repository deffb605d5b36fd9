"""Tables for people."""

from collections.abc import Mapping, Sequence
from math import isnan

from rich.box import SIMPLE
from rich.table import Table

from training.evaluation.evaluation import Evaluation
from training.evaluation.policies import CONSTANT
from training.evaluation.reach import Reach
from training.learning.metrics import Quality

TWO_SIDED_95 = 1.959964
"""Standard errors on either side that hold 95 % of a normal distribution."""


def quality_table(quality: Mapping[str, Quality], title: str) -> Table:
    """Predictors beside each other on the same rows."""
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Predictor", no_wrap=True)
    for column in ("Log loss", "AUC", "Squared error", "Predicted", "Observed", "Rows"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, found in quality.items():
        table.add_row(
            name,
            _number(found.log_loss, 4),
            _number(found.auc, 3),
            _number(found.squared_error),
            _number(found.mean_prediction),
            _number(found.mean_target),
            f"{found.rows:,}",
        )
    return table


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Policies beside each other on the same decisions; standard errors in brackets."""
    table = Table(title=title, caption=_caption(evaluation), box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Policy", no_wrap=True)
    for column in ("IPS", "SNIPS", "Over constant", "Eff. n", "Weight"):
        table.add_column(column, justify="right", no_wrap=True)
    for found in evaluation.comparisons:
        table.add_row(
            found.policy,
            _with_error(found.ips.value, found.ips.standard_error),
            _with_error(found.snips.value, found.snips.standard_error),
            "–" if found.policy == CONSTANT else _with_error(found.gain, found.gain_error),
            f"{found.ips.effective_sample_size:,.0f}",
            _number(found.ips.mean_weight, 2),
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
    digits = _digits(reaches[0].value.value)
    for place, found in enumerate(reaches):
        table.add_row(
            found.policy,
            _number(found.contacts, 2),
            _with_error(found.value.value, found.value.standard_error, digits),
            "–" if place == 0 else _with_interval(found.gain, found.gain_error, digits),
            _with_error(found.contact_worth, found.contact_worth_error, digits),
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


def _with_error(value: float, error: float, digits: int | None = None) -> str:
    digits = _digits(value) if digits is None else digits
    return "–" if isnan(value) else f"{_number(value, digits)} ({_number(error, digits)})"


def _with_interval(value: float, error: float, digits: int) -> str:
    if isnan(value):
        return "–"
    reach = TWO_SIDED_95 * error
    return f"{_number(value, digits)} ({_number(value - reach, digits)} to {_number(value + reach, digits)})"


def _digits(value: float) -> int:
    """Decimals that leave about four significant digits."""
    return 2 if abs(value) >= 10 else 3 if abs(value) >= 1 else 4


def _number(value: float | None, digits: int | None = None) -> str:
    if value is None or isnan(value):
        return "–"
    return f"{value:,.{_digits(value) if digits is None else digits}f}"
