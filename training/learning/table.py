"""Predictors beside each other, for people."""

from collections.abc import Mapping

from rich.box import SIMPLE
from rich.table import Table

from training.figure import number
from training.learning.metrics import Quality


def quality_table(quality: Mapping[str, Quality], title: str) -> Table:
    """Predictors beside each other on the same rows."""
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Predictor", no_wrap=True)
    for column in ("Log loss", "AUC", "Squared error", "Predicted", "Observed", "Rows"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, found in quality.items():
        table.add_row(
            name,
            number(found.log_loss, 4),
            number(found.auc, 3),
            number(found.squared_error),
            number(found.mean_prediction),
            number(found.mean_target),
            f"{found.rows:,}",
        )
    return table
