"""Plots as inline SVG: what lies where on one axis, row by row."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, isfinite, log10

import msgspec

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _FOOT = 860.0, 210.0, 30.0, 30.0, 8.0, 30.0


class Mark(msgspec.Struct, frozen=True):
    """A row of a plot: a value with its interval (`low` to `high`) and a wider one; NaN is not drawn."""

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    lowest: float = float("nan")
    highest: float = float("nan")


def interval_plot(marks: Sequence[Mark], title: str, zero: bool = False) -> str:
    """Values and their intervals above each other; the wider interval is thin, and cut off where it leaves the plot.

    With `zero` the axis holds 0, where a line stands.
    """
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if isfinite(end)]
    axis = _Axis.over([*ends, 0.0] if zero else ends)
    parts = _grid(axis, len(marks))
    if zero:
        parts.append(_vertical(axis.place(0.0), len(marks), "thin"))
    for row, mark in enumerate(marks):
        middle = _TOP + (row + 0.5) * _ROW
        parts.append(_label(mark.label, middle))
        for low, high, style in ((mark.lowest, mark.highest, "thin"), (mark.low, mark.high, "thick")):
            if isfinite(low) and isfinite(high):
                from_, to = axis.place(max(low, axis.low)), axis.place(min(high, axis.high))
                parts.append(f'<line class="{style}" x1="{from_:.1f}" x2="{to:.1f}" y1="{middle}" y2="{middle}"/>')
        if isfinite(mark.value):
            said = escape(f"{mark.label}: {mark.value:.6g} ({mark.low:.6g} to {mark.high:.6g})")
            at = axis.place(mark.value)
            parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{middle}" r="6"><title>{said}</title></circle>')
    return _drawn(parts, len(marks), title)


def bar_plot(bars: Sequence[tuple[str, float]], title: str) -> str:
    """Bars from 0, one for each label."""
    axis = _Axis.over([0.0, *(value for _, value in bars if isfinite(value))])
    parts = _grid(axis, len(bars))
    for row, (label, value) in enumerate(bars):
        middle = _TOP + (row + 0.5) * _ROW
        parts.append(_label(label, middle))
        if isfinite(value):
            ends = sorted((axis.place(0.0), axis.place(value)))
            parts.append(
                f'<rect class="bar" x="{ends[0]:.1f}" y="{middle - 7}" width="{ends[1] - ends[0]:.1f}" height="14">'
                f"<title>{escape(f'{label}: {value:.6g}')}</title></rect>"
            )
    return _drawn(parts, len(bars), title)


class _Axis(msgspec.Struct, frozen=True):
    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float]) -> "_Axis":
        """An axis that holds the values, with round ticks."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        rough = (high - low) / 6
        unit = 10.0 ** floor(log10(rough))
        step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough)
        return cls(floor(low / step) * step, ceil(high / step) * step, step)

    def place(self, value: float) -> float:
        return _LEFT + (value - self.low) / (self.high - self.low) * (_WIDTH - _LEFT - _RIGHT)

    def ticks(self) -> list[float]:
        return [self.low + number * self.step for number in range(round((self.high - self.low) / self.step) + 1)]


def _grid(axis: _Axis, rows: int) -> list[str]:
    digits = max(0, -floor(log10(axis.step)))
    parts = []
    for tick in axis.ticks():
        at = axis.place(tick)
        parts.append(_vertical(at, rows, "line"))
        below = _TOP + rows * _ROW + 18
        parts.append(f'<text class="faint" x="{at:.1f}" y="{below}" text-anchor="middle">{tick:,.{digits}f}</text>')
    return parts


def _vertical(at: float, rows: int, style: str) -> str:
    return f'<line class="{style}" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_TOP + rows * _ROW}"/>'


def _label(text: str, middle: float) -> str:
    return f'<text x="{_LEFT - 14}" y="{middle + 4}" text-anchor="end">{escape(text)}</text>'


def _drawn(parts: Sequence[str], rows: int, title: str) -> str:
    height = _TOP + rows * _ROW + _FOOT
    head = f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, *parts, "</svg>"])
