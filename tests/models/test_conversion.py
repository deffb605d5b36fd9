import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calibration import Calibration
from models.conversion import AS_IT_IS, SHARE, SIGNED_SQUARE, bound, place

NONE = np.empty(0)
numbers = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -2.0])


def placed(kind: int, values: list[float], rows: list[int], lowest: float = -np.inf, highest: float = np.inf) -> object:
    found = np.empty(6)
    place(kind, np.array(values), NONE, NONE, NONE, lowest, highest, np.array(rows, np.intp), found)
    return found.tolist()


@given(st.lists(numbers, min_size=1), st.floats(0.5, 3.0), st.floats(-3.0, 3.0))
def test_values_are_bounded_and_nan_stays(values: list[float], divisor: float, factor: float) -> None:
    found = np.array(values)
    bound(found, divisor, factor, -1.0, 0.5)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = np.clip(np.array(values) / divisor * factor, -1.0, 0.5)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("kind", "expected"), [(AS_IT_IS, [-2.0, 4.0, np.nan]), (SIGNED_SQUARE, [-4.0, 16.0, np.nan])])
def test_each_value_stands_at_its_row_and_nan_elsewhere(kind: int, expected: list[float]) -> None:
    whole = [np.nan, expected[0], np.nan, np.nan, expected[1], expected[2]]
    assert placed(kind, [-2.0, 4.0, np.nan], [1, 4, 5]) == pytest.approx(whole, nan_ok=True)
    assert placed(kind, [], []) == pytest.approx([np.nan] * 6, nan_ok=True)


def test_bounds_come_last() -> None:
    assert placed(SHARE, [0.25, 0.0, 1.0], [0, 2, 3], 0.6, 0.9) == pytest.approx(
        [0.8, np.nan, 0.9, 0.6, np.nan, np.nan], nan_ok=True
    )


@given(st.lists(st.floats(0.0, 1e300), min_size=1, max_size=6))
def test_a_calibration_is_followed_after_the_conversion_and_before_the_bounds(odds: list[float]) -> None:
    knots = Calibration((0.1, 0.5, 0.75), (0.0, 0.5, 1.25)).bind()
    rows, found = np.arange(len(odds)), np.empty(len(odds))
    place(SHARE, np.array(odds), knots.predicted, knots.observed, knots.slopes, 0.0, 1.0, rows, found)
    shares: NDArray[np.float64] = 1.0 / (1.0 + np.array(odds))
    assert found.tolist() == np.clip(knots.apply(shares), 0.0, 1.0).tolist()
