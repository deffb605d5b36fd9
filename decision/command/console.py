"""Where commands print: nothing of a table is cut off, however narrow the place."""

import copy
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TextIO

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.measure import Measurement, measure_renderables
from rich.table import Column, Table

WIDE = 160
"""Characters of a line in a file or a pipe, where no terminal and no COLUMNS says how many there are."""

_UNBOUND = 100_000
_WORDS = 12
"""Characters that a column of words keeps at least when it is folded."""


def open_console(file: TextIO | None = None, *, stderr: bool = False, highlight: bool = True) -> Console:
    """A console that folds words of a table and continues its figures below, where a line cannot hold them."""
    console = Console(file=file, stderr=stderr, highlight=highlight)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE
    console.push_render_hook(_Fitting(console))
    return console


class _Fitting(RenderHook):
    def __init__(self, console: Console) -> None:
        self._console = console

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Each table as one or more that fit."""
        return [part for one in renderables for part in (self._parts(one) if isinstance(one, Table) else (one,))]

    def _parts(self, table: Table) -> Iterable[Table]:
        width = self._console.width
        if Measurement.get(self._console, self._console.options.update(width=_UNBOUND), table).maximum <= width:
            return (table,)
        return _split(table, [self._narrow(column) for column in table.columns], width)

    def _narrow(self, column: Column) -> Column:
        """Figures as wide as they are, under a header of several lines; words folded."""
        options = self._console.options.update(width=_UNBOUND)
        cells = measure_renderables(self._console, options, tuple(column.cells) or ("",)).maximum
        header = measure_renderables(self._console, options, (column.header,))
        figures = max(cells, header.minimum)
        if (column.no_wrap or column.justify == "right") and figures <= self._console.width * 2 // 5:
            return replace(column, no_wrap=False, width=figures)
        least = min(_WORDS, max(cells, header.maximum))
        return replace(column, no_wrap=False, overflow="fold", min_width=least)


def _split(table: Table, columns: list[Column], width: int) -> Iterator[Table]:
    """The table in parts, each of which begins with the words that its lines begin with."""
    first = next((place for place, column in enumerate(columns) if column.justify == "right"), 1)
    keys = columns[:1]
    for column in columns[1:first]:
        if _least(table, [*keys, column]) > width // 3:
            break
        keys.append(column)
    rest = columns[len(keys) :]
    parts = [list(keys)]
    for column in rest:
        if len(parts[-1]) > len(keys) and _least(table, [*parts[-1], column]) > width:
            parts.append(list(keys))
        parts[-1].append(column)
    for number, chosen in enumerate(parts):
        part = copy.copy(table)
        part.columns = [replace(column, _index=place) for place, column in enumerate(chosen)]
        part.title = table.title if number == 0 else None
        part.caption = table.caption if number == len(parts) - 1 else None
        yield part


def _least(table: Table, columns: list[Column]) -> int:
    _, right, _, left = table.padding
    return sum((column.width or column.min_width or 1) + left + right + 1 for column in columns) + 1
