import io

from rich.console import Console
from rich.table import Table

from training.evaluation.estimate import Estimate
from training.evaluation.evaluation import Comparison, Evaluation
from training.evaluation.gain import Gain
from training.evaluation.reach import Reach
from training.evaluation.support import Support
from training.evaluation.table import estimators_table, evaluation_table, reach_table

NAN = float("nan")


def text(table: Table) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_value_stands_with_its_interval_and_its_support() -> None:
    estimate = Estimate(14.971, 0.824, 13.402, 16.511, 10.2, 19.7)
    unknown = Estimate(NAN, NAN, NAN, NAN, NAN, NAN)
    supported = Support(34_000, 2532.4, 0.99, 0.012)
    refused = Support(34_000, 2.0, 0.31, 0.69, "69% of what it would do was never tried in the log")
    gain, none = Gain(0.6564, -0.07, 1.38, 0.37, 14.31, 34_000), Gain(NAN, NAN, NAN, NAN, NAN, 34_000, "nothing")
    evaluation = Evaluation(
        (
            Comparison("model", estimate, estimate, estimate, estimate, estimate, supported, gain),
            Comparison("constant", estimate, estimate, estimate, estimate, estimate, supported, gain),
            Comparison("other", unknown, unknown, unknown, unknown, unknown, refused, none),
        ),
        34_000,
        17_000,
        {"probability unknown": 3},
        None,
    )
    shown = " ".join(text(evaluation_table(evaluation, "Title")).split())
    for part in (
        "model 14.97 13.40 16.51 0.66 -0.07 1.38 2,532 1%",
        "constant 14.97 13.40 16.51 – – – 2,532 1%",
        "other – – – – – – 2 69%",
        "34,000 decisions of 17,000 subjects",
        "What other is worth cannot be told: 69% of what it would do was never tried in the log.",
        "3 decisions skipped",
    ):
        assert part in shown
    assert "nan" not in shown
    shown = " ".join(text(estimators_table(evaluation, "Title")).split())
    assert "model " + "14.97 " * 5 + "10.20 to 19.70" in shown
    assert "other – – – – – –" in shown


def test_what_a_placement_gains_stands_with_its_interval() -> None:
    value = Estimate(14.971, 0.824, 13.402, 16.511, NAN, NAN)
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
