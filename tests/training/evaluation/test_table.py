import io

from rich.console import Console
from rich.table import Table

from training.evaluation.estimators import Estimate
from training.evaluation.evaluation import Comparison, Evaluation
from training.evaluation.reach import Reach
from training.evaluation.table import evaluation_table, reach_table

NAN = float("nan")


def text(table: Table) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_an_estimate_stands_with_its_error_and_its_support() -> None:
    estimate = Estimate(14.971, 0.824, 2532.4, 0.99, 34_000)
    unknown = Estimate(NAN, NAN, 0.0, 0.0, 34_000)
    evaluation = Evaluation(
        (Comparison("model", estimate, estimate, 0.6564, 0.37), Comparison("constant", unknown, unknown, 0.0, 0.0)),
        34_000,
        {"probability unknown": 3},
        None,
    )
    shown = text(evaluation_table(evaluation, "Title"))
    for part in ("14.97 (0.82)", "0.6564 (0.3700)", "2,532", "0.99", "34,000 decisions", "3 decisions skipped"):
        assert part in " ".join(shown.split())
    assert "nan" not in shown


def test_what_a_placement_gains_stands_with_its_interval() -> None:
    value = Estimate(14.971, 0.824, 2532.4, 0.99, 34_000)
    free = Reach("free", 1.0, value, 0.0, 0.0, 5.127, 0.511)
    capped = Reach("capped", 0.5, value, -2.5, 0.25, 5.127, 0.511)
    silence = Reach("silence", 0.0, value, -5.127, 0.511, NAN, NAN)
    shown = " ".join(text(reach_table((free, capped, silence), "Title")).split())
    for part in (
        "Over free",
        "free 1.00 14.97 (0.82) – 5.13 (0.51)",
        "capped 0.50 14.97 (0.82) -2.50 (-2.99 to -2.01)",
    ):
        assert part in shown
    assert "nan" not in shown
