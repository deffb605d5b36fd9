"""Plots: where values stand on an axis, and what is drawn of what is not known."""

import re
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.page.plot import Axis, Mark, axis_of, bar_plot, interval_plot

values = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(st.lists(values, min_size=1, max_size=8))
def test_an_axis_holds_all_values_in_their_order(found: list[float]) -> None:
    axis = Axis.over([*found, nan])
    places = [axis.place(value) for value in sorted(found)]
    assert places == sorted(places)
    assert places[0] - 4 >= -1e-6
    assert places[-1] <= 96 + 1e-6
    assert 2 <= len(axis.ticks()) <= 8, "ticks find room on a telephone"


def test_an_axis_does_not_magnify_dust() -> None:
    marks = [Mark("email", 4e-6, 0.0, 2e-5)]
    assert axis_of(marks, zero=True).high < 1e-4
    wide = axis_of(marks, zero=True, least=0.2)
    assert wide.high - wide.low >= 0.2
    assert "-0.0<" not in interval_plot(marks, "Gain", wide, zero=True), "nothing has no sign"


def test_what_is_not_known_is_not_drawn() -> None:
    marks = [Mark("told", 2.0, 1.0, 3.0, -50.0, 50.0), Mark("silent", nan)]
    drawn = interval_plot(marks, "Value <of> all", axis_of(marks))
    assert drawn.count("<circle") == 1
    assert "nan" not in drawn
    assert "Value &lt;of&gt; all" in drawn
    (thin,) = re.findall(r'class="thin" x1="([\d.]+)%" x2="([\d.]+)%"', drawn)
    assert [float(end) for end in thin] == [4.0, 96.0], "cut off at both ends of the axis"
    assert "silent</div>" in drawn


def test_bars_begin_at_zero_on_either_side() -> None:
    drawn = bar_plot([("more", 30.0), ("less", -10.0), ("unknown", nan)], "Change")
    bars = [tuple(map(float, found)) for found in re.findall(r'x="([\d.]+)%" y="\d+" width="([\d.]+)%"', drawn)]
    assert len(bars) == 2
    (more, less) = bars
    assert more[0] == pytest.approx(less[0] + less[1], abs=0.02), "one ends where the other begins"
    assert more[1] == pytest.approx(3 * less[1], abs=0.05)
