import io

from rich.console import Console

from training.learning.metrics import Quality
from training.learning.table import quality_table


def test_figures_that_do_not_fit_the_objective_are_left_blank() -> None:
    quality = {"model": Quality(1_200, 0.0825, 0.0769, log_loss=0.23718, auc=0.7697)}
    console = Console(file=io.StringIO(), width=100)
    console.print(quality_table(quality, "Title"))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0.2372" in shown
    assert "0.770" in shown
    assert "–" in shown
