"""Plots as inline SVG beside a column of names: what lies where on one axis, row by row.

Places across are shares of the width and places down are pixels, so that words stay as large as they are on any screen.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, isfinite, log10

import msgspec

_ROW, _FOOT = 30, 24
_LEFT, _WIDTH = 4.0, 92.0
"""Where the axis begins and how long it is, in % of the width: the words below its ends need room."""
_STEPS = 4
"""About so many ticks find room on a telephone."""


class Mark(msgspec.Struct, frozen=True):
    """A row of a plot: a value with its interval (`low` to `high`) and a wider one; NaN is not drawn."""

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    lowest: float = float("nan")
    highest: float = float("nan")


class Axis(msgspec.Struct, frozen=True):
    """From where to where a plot reaches, and how far its ticks are apart."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], least: float = 0.0) -> "Axis":
        """An axis with round ticks that holds the values (NaN does not count), and is no shorter than `least`."""
        told = [value for value in values if isfinite(value)] or [0.0, 1.0]
        low, high = min(told), max(told)
        if high - low <= least:
            reach = (least or 1.0) / 2
            low, high = (low + high) / 2 - reach, (low + high) / 2 + reach
        rough = (high - low) / _STEPS
        unit = 10.0 ** floor(log10(rough))
        step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough)
        return cls(floor(low / step) * step, ceil(high / step) * step, step)

    def place(self, value: float) -> float:
        """Where a value stands, in % of the width."""
        return _LEFT + (value - self.low) / (self.high - self.low) * _WIDTH

    def ticks(self) -> list[float]:
        """Round values from end to end."""
        return [self.low + number * self.step for number in range(round((self.high - self.low) / self.step) + 1)]


def axis_of(marks: Sequence[Mark], zero: bool = False, least: float = 0.0) -> Axis:
    """An axis for values and their intervals, and with `zero` for 0; the wider intervals may leave it."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high)]
    return Axis.over([*ends, 0.0] if zero else ends, least)


def interval_plot(marks: Sequence[Mark], title: str, axis: Axis, zero: bool = False) -> str:
    """Values and their intervals above each other; the wider interval is thin, and cut off where it leaves the plot.

    With `zero` a line stands at 0.
    """
    parts = _grid(axis, len(marks))
    if zero:
        parts.append(_vertical(axis.place(0.0), len(marks), "zero"))
    for row, mark in enumerate(marks):
        middle = _middle(row)
        for low, high, style in ((mark.lowest, mark.highest, "thin"), (mark.low, mark.high, "thick")):
            if isfinite(low) and isfinite(high):
                from_, to = axis.place(max(low, axis.low)), axis.place(min(high, axis.high))
                parts.append(f'<line class="{style}" x1="{from_:.2f}%" x2="{to:.2f}%" y1="{middle}" y2="{middle}"/>')
        if isfinite(mark.value):
            said = escape(f"{mark.label}: {mark.value:.6g} ({mark.low:.6g} to {mark.high:.6g})")
            at = axis.place(mark.value)
            parts.append(f'<circle class="dot" cx="{at:.2f}%" cy="{middle}" r="6"><title>{said}</title></circle>')
    return _drawn([mark.label for mark in marks], parts, title)


def bar_plot(bars: Sequence[tuple[str, float]], title: str) -> str:
    """Bars from 0, one for each label."""
    axis = Axis.over([0.0, *(value for _, value in bars)])
    parts = [*_grid(axis, len(bars)), _vertical(axis.place(0.0), len(bars), "zero")]
    for row, (label, value) in enumerate(bars):
        if isfinite(value):
            from_, to = sorted((axis.place(0.0), axis.place(value)))
            parts.append(
                f'<rect class="bar" x="{from_:.2f}%" y="{_middle(row) - 7}" width="{to - from_:.2f}%" height="14">'
                f"<title>{escape(f'{label}: {value:,.6g}')}</title></rect>"
            )
    return _drawn([label for label, _ in bars], parts, title)


def _middle(row: int) -> int:
    return row * _ROW + _ROW // 2


def _grid(axis: Axis, rows: int) -> list[str]:
    digits = max(0, -floor(log10(axis.step)))
    parts = []
    for tick in axis.ticks():
        at = axis.place(tick)
        parts.append(_vertical(at, rows, "line"))
        # Adding 0 takes the sign off what is nothing once rounded.
        said = f"{round(tick, digits) + 0.0:,.{digits}f}"
        parts.append(f'<text x="{at:.2f}%" y="{rows * _ROW + 17}" text-anchor="middle">{said}</text>')
    return parts


def _vertical(at: float, rows: int, style: str) -> str:
    return f'<line class="{style}" x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="{rows * _ROW}"/>'


def _drawn(labels: Sequence[str], parts: Sequence[str], title: str) -> str:
    height = len(labels) * _ROW + _FOOT
    row = f'style="height:{_ROW}px;line-height:{_ROW}px"'
    names = "".join(f'<div {row} title="{escape(label)}">{escape(label)}</div>' for label in labels)
    svg = "\n".join([f'<svg height="{height}" role="img" aria-label="{escape(title)}">', *parts, "</svg>"])
    return (
        f'<figure>\n<div class="plot"><div class="names">{names}</div>\n{svg}\n</div>\n'
        f"<figcaption>{escape(title)}</figcaption>\n</figure>"
    )
