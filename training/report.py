"""Tables for people."""

from collections.abc import Mapping
from math import isnan

from rich.table import Table

from training.evaluation import Evaluation
from training.metrics import Quality


def quality_table(quality: Mapping[str, Quality], title: str) -> Table:
    """Predictors beside each other on the same rows."""
    table = Table(title=title)
    table.add_column("Predictor")
    for column in ("Log loss", "AUC", "Squared error", "Mean predicted", "Mean observed", "Rows"):
        table.add_column(column, justify="right")
    for name, found in quality.items():
        table.add_row(
            name,
            _number(found.log_loss, 4),
            _number(found.auc, 3),
            _number(found.squared_error, 2),
            _number(found.mean_prediction, 4),
            _number(found.mean_target, 4),
            f"{found.rows:,}",
        )
    return table


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Policies beside each other on the same decisions; standard errors in brackets."""
    table = Table(title=title, caption=_caption(evaluation))
    table.add_column("Policy")
    for column in ("IPS", "SNIPS", "Gain over constant", "Effective n", "Mean weight"):
        table.add_column(column, justify="right")
    for found in evaluation.comparisons:
        table.add_row(
            found.policy,
            _with_error(found.ips.value, found.ips.standard_error),
            _with_error(found.snips.value, found.snips.standard_error),
            _with_error(found.gain, found.gain_error),
            f"{found.ips.effective_sample_size:,.0f}",
            _number(found.ips.mean_weight, 2),
        )
    return table


def _caption(evaluation: Evaluation) -> str:
    said = [f"Value per decision over {evaluation.decisions:,} decisions."]
    if evaluation.constant is not None:
        said.append(f"The constant is {evaluation.constant!r}.")
    said.extend(f"{count:,} decisions skipped: {reason}." for reason, count in sorted(evaluation.skipped.items()))
    return " ".join(said)


def _with_error(value: float, error: float) -> str:
    return "–" if isnan(value) else f"{_number(value, 4)} ({_number(error, 4)})"


def _number(value: float | None, digits: int) -> str:
    if value is None or isnan(value):
        return "–"
    # Four significant digits say enough of a large figure.
    return f"{value:,.2f}" if abs(value) >= 10 and digits > 2 else f"{value:,.{digits}f}"
