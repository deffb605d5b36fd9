"""No table loses anything, however narrow the place it is printed to."""

import io

import pytest
from rich.box import SIMPLE
from rich.table import Column, Table

from decision.command.console import WIDE, open_console


def printed(table: Table, width: int | None = None) -> str:
    said = io.StringIO()
    console = open_console(said)
    if width is not None:
        console.width = width
    console.print(table)
    return said.getvalue()


def figures_of(columns: int) -> list[list[str]]:
    return [[f"{1000 * row + place}.{place:04}" for place in range(columns)] for row in range(3)]


def wide_table(columns: int, *, simple: bool = True) -> Table:
    table = Table("Policy", title="What", caption="Why.", box=SIMPLE if simple else None)
    for place in range(columns):
        table.add_column(f"Figure {place}", justify="right", no_wrap=place % 2 == 0)
    for row, figures in enumerate(figures_of(columns)):
        table.add_row(f"policy {row}", *figures)
    return table


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("columns", [1, 5, 9, 25])
def test_every_figure_is_whole_and_beside_its_line(width: int, columns: int) -> None:
    said = printed(wide_table(columns), width)
    lines = said.splitlines()
    assert "…" not in said
    assert max(map(len, lines)) <= width
    for row, figures in enumerate(figures_of(columns)):
        own = [word for line in lines if line.split()[:2] == ["policy", str(row)] for word in line.split()[2:]]
        assert own == figures
    assert said.count("What") == said.count("Why.") == 1


def test_a_table_that_fits_is_as_it_was() -> None:
    assert printed(wide_table(3), 80).count("policy 0") == 1


def test_words_are_folded_and_none_is_lost() -> None:
    words = [f"{letter * 30}" for letter in "abcd"]
    table = Table("One", "Two", "Three", Column("Four", no_wrap=True), Column("Made", justify="right"))
    table.add_row(*words, "2026-01-02T03:04:05Z")
    said = printed(table, 80)
    assert "…" not in said
    assert all(said.count(letter) >= 30 for letter in "bcd")
    assert "2026-01-02T03:04:05Z" in said


def test_a_file_is_wider_than_a_terminal_unless_it_is_said_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert open_console(io.StringIO()).width == WIDE
    monkeypatch.setenv("COLUMNS", "70")
    assert open_console(io.StringIO()).width == 70
