"""The page of the worlds tells what the bench measures, and where a decision's time goes as the bench writes it."""

from pathlib import Path
from typing import Any, get_args

import loadtest
from decision.service.lap import Stage
from loadtest.bench.measuring import NAMES
from loadtest.bench.stage_table import BEGIN, END

PAGE = (Path(loadtest.__file__).parent / "README.md").read_text()


def stages_of(kind: Any) -> set[str]:
    return set().union(*({one} if isinstance(one, str) else stages_of(one) for one in get_args(kind)))


def test_every_figure_is_in_the_table_of_figures() -> None:
    assert [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")][: len(NAMES)] == [*NAMES]


def test_the_table_of_stages_is_the_bench_s_own() -> None:
    written = PAGE.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    origin, _, head, rule, *rows = written
    assert "commit" in origin
    columns = head.count("|") - 1
    assert head.startswith("| stage, µs |")
    assert rule == "| --- |" + " ---: |" * (columns - 1)
    assert all(row.count("|") == columns + 1 for row in rows)
    # The bench has no challenger beside its model, and no volume limit.
    assert {row.split("`")[1] for row in rows} == stages_of(Stage) - {"shadow", "reserve"} | {"total"}
