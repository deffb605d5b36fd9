import io
from pathlib import Path

import msgspec
from rich.console import Console

from loadtest.bench.figure import Absent, Figure, Series, at_least, at_most
from loadtest.bench.machine import Machine, Origin
from loadtest.bench.report import Report, print_report, write_report

SERIES = Series.of([41.0, 39.0, 40.0])
FIGURE = Figure(
    name="speed", case="1,000 offers [web]", against="a peer", unit="µs", ratio=SERIES, ours=SERIES, theirs=SERIES,
    checked="equal", goals=(at_least("ratio", SERIES, 35.0), at_most("p99, ms", SERIES, 10.0)),
)  # fmt: skip
REPORT = Report(
    begun="2026-03-01T00:00:00+00:00",
    seconds=12.0,
    quick=False,
    machine=Machine("a processor", 2, 4.0, "a system", (0.1, 0.1, 0.1)),
    origin=Origin("0123456789abcdef", True, {"python": "3.11"}),
    warnings=("Others were at work.",),
    figures=(FIGURE,),
    absent=(Absent("other", "no peer"),),
)


def test_the_end_says_of_each_goal_whether_it_was_met() -> None:
    told = io.StringIO()
    print_report(Console(file=told, width=80), REPORT)
    assert told.getvalue().splitlines()[-4:] == [
        "met     speed, 1,000 offers [web]: ratio 40, wanted ≥ 35",
        "not met speed, 1,000 offers [web]: p99, ms 40, wanted ≤ 10",
        "Not measured: other: no peer",
        "Others were at work.",
    ]
    assert "commit 0123456789ab with changes; 12 s" in told.getvalue().replace(" \n", " ")


def test_the_file_holds_every_round_and_every_verdict(tmp_path: Path) -> None:
    write_report(tmp_path / "bench.json", REPORT)
    assert msgspec.json.decode((tmp_path / "bench.json").read_bytes(), type=Report) == REPORT
