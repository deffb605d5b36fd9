"""Predictors beside each other, for people."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE
from rich.table import Table

from training.figure import number
from training.learning.metrics import Quality
from training.learning.reliability import Reliability


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


def reliability_table(found: Sequence[Reliability], title: str) -> Table:
    """What was predicted beside what came, group by group."""
    caption = "Ratio is observed over predicted, kept near that of all rows where a group has little evidence."
    table = Table(title=title, caption=caption, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Group", no_wrap=True)
    for column in ("Predicted", "Observed", "Ratio", "Rows"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in found:
        figures = (number(one.predicted), number(one.observed), number(one.ratio, 2), f"{one.rows:,}")
        table.add_row(f"{one.kind} {one.group}", *figures)
    return table
