from pathlib import Path

import pytest

from loadtest.bench.errors import NoMarks
from loadtest.bench.figure import Figure, Series
from loadtest.bench.stage_table import BEGIN, END, NAME, put_table, quantity, stage_table


def stages(case: str, microseconds: dict[str, tuple[float, float]]) -> Figure:
    one = Series.of([1.0])
    details = {}
    for stage, (middle, high) in microseconds.items():
        details[quantity(stage, "median")] = Series.of([middle, middle + 2, middle + 1])
        details[quantity(stage, "p99")] = Series.of([high])
    return Figure(
        name=NAME, case=case, against="a", unit="u", ratio=one, ours=one, theirs=one, checked="", details=details
    )


TABLE = stage_table(
    [
        stages("alone", {"load": (10, 30), "total": (100, 1300)}),
        stages("busy", {"load": (20, 40), "total": (200, 400)}),
    ]
)


def test_a_row_tells_the_median_and_the_99th_percentile_of_a_stage_under_each_load() -> None:
    assert TABLE.splitlines() == [
        "| stage, µs | alone: median | alone: p99 | busy: median | busy: p99 |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| `load` | 11 | 30 | 21 | 40 |",
        "| `total` | 101 | 1,300 | 201 | 400 |",
    ]
    assert stage_table([]) == ""


def test_it_is_put_between_the_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{BEGIN}\nan old table\n{END}\n\nThe end.\n")
    for _ in range(2):
        put_table(page, TABLE, "On some machine:")
        assert page.read_text() == f"# A page\n\n{BEGIN}\nOn some machine:\n\n{TABLE}\n{END}\n\nThe end.\n"
    page.write_text("# A page\n")
    with pytest.raises(NoMarks, match=r"page\.md has no lines"):
        put_table(page, TABLE, "")
