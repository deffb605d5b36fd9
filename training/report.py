"""Tables for people."""

from collections.abc import Mapping
from math import isnan

from rich.box import SIMPLE
from rich.table import Table

from training.evaluation import Evaluation
from training.metrics import Quality
from training.policies import CONSTANT


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


def _caption(evaluation: Evaluation) -> str:
    said = [
        f"Value per decision over {evaluation.decisions:,} decisions, standard errors in brackets.",
        "A mean weight well below 1 says that the logged policy never tried much of what this one would do.",
    ]
    if evaluation.constant is not None:
        said.append(f"The constant is {evaluation.constant!r}.")
    said.extend(f"{count:,} decisions skipped: {reason}." for reason, count in sorted(evaluation.skipped.items()))
    return " ".join(said)


def _with_error(value: float, error: float) -> str:
    digits = _digits(value)
    return "–" if isnan(value) else f"{_number(value, digits)} ({_number(error, digits)})"


def _digits(value: float) -> int:
    """Decimals that leave about four significant digits."""
    return 2 if abs(value) >= 10 else 3 if abs(value) >= 1 else 4


def _number(value: float | None, digits: int | None = None) -> str:
    if value is None or isnan(value):
        return "–"
    return f"{value:,.{_digits(value) if digits is None else digits}f}"
