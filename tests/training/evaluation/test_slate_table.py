"""Slates under policies: what is told of them, and that nothing is told that the log does not support."""

import io

from rich.console import Console
from rich.table import Table

from training.evaluation.estimate import UNTOLD, Estimate
from training.evaluation.estimators import ESTIMATORS
from training.evaluation.gain import NO_GAIN, Gain
from training.evaluation.slate_page import slate_parts
from training.evaluation.slate_table import slate_estimators_table, slate_table
from training.evaluation.slated import SlateComparison, SlateValues
from training.evaluation.support import Support


def values(value: float, refusal: str = "") -> SlateValues:
    estimate = Estimate(value, 1.0, value - 2.0, value + 2.0, value - 9.0, value + 9.0)
    gain = NO_GAIN if refusal else Gain(value - 17.27, value - 19.0, value - 15.0, 1.0, 17.27, 600)
    return SlateValues(dict.fromkeys(ESTIMATORS, estimate), Support(1_800, 1_497.2, 0.9, 0.012, refusal), gain)


SLATES = (
    SlateComparison("9eecd316022d73bb", values(9.942), values(13.897)),
    SlateComparison("constant", values(28.07), values(27.15, "its weights tell as much as 12 subjects")),
    SlateComparison("logged", values(17.27), values(17.27)),
)


def text(table: Table) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_policies_stand_beside_each_other_under_each_assumption() -> None:
    single, whole = (text(slate_table(SLATES, assumption, "Slates")) for assumption in ("rank by rank", "cascade"))
    assert "9eecd316022d73bb 9.94 7.94 11.94 -7.33 -9.06 -5.06 1,497 1%" in single
    assert "constant 28.07" in single
    assert "logged 17.27 15.27 19.27 – – – 1,497 1%" in single
    assert "constant – – – – – – 1,497 1%" in whole
    assert "What slates by constant are worth cannot be told so: its weights tell as much as 12 subjects." in whole
    assert "cannot be told" not in single
    every = text(slate_estimators_table(SLATES, "Slates"))
    assert "constant cascade – – – – – constant rank by rank 28.07 28.07" in every
    assert "…" not in single + whole + every, "it finds room in 80 columns"


def test_a_page_draws_what_can_be_told() -> None:
    page = "\n".join(slate_parts(SLATES))
    assert page.count("<circle") == 2 + 3
    assert "27.15" not in page
    assert "nan" not in page
    assert slate_parts(()) == []
    refused = SlateValues(dict.fromkeys(ESTIMATORS, UNTOLD), values(1.0, "nothing is known").support, NO_GAIN)
    assert "<svg" not in "".join(slate_parts([SlateComparison("model", refused, refused)]))
