import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calibration import Calibration
from models.conversion import AS_IT_IS, SHARE, SIGNED_SQUARE, place, respond
from models.numpy_loops import LOOPS

NONE = np.empty(0)
numbers = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -2.0])


def placed(kind: int, values: list[float], rows: list[int], lowest: float = -np.inf, highest: float = np.inf) -> object:
    found = np.empty(6)
    into = np.array(rows, np.intp), found
    place(np.array(values), 1.0, np.nan, kind, LOOPS, NONE, NONE, NONE, lowest, highest, *into)
    return found.tolist()


@given(st.lists(numbers, min_size=1), st.floats(0.5, 3.0), st.floats(-3.0, 3.0))
def test_exponents_are_bounded_and_nan_stays(values: list[float], divisor: float, factor: float) -> None:
    found = np.array(values)
    respond(found, divisor, factor, AS_IT_IS, LOOPS)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        expected = np.exp(np.clip(np.array(values) / divisor * factor, -745.0, 709.0))
    assert np.array_equal(found, expected, equal_nan=True)


@given(st.lists(numbers, min_size=1), st.floats(0.5, 3.0))
def test_without_an_exponent_values_are_only_divided(values: list[float], divisor: float) -> None:
    found = np.array(values)
    respond(found, divisor, np.nan, AS_IT_IS, LOOPS)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, np.array(values) / divisor)


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
    into = np.arange(len(odds)), np.empty(len(odds))
    lines = knots.predicted, knots.observed, knots.slopes
    place(np.array(odds), 1.0, np.nan, SHARE, LOOPS, *lines, 0.0, 1.0, *into)
    shares: NDArray[np.float64] = 1.0 / (1.0 + np.array(odds))
    assert into[1].tolist() == np.clip(knots.apply(shares), 0.0, 1.0).tolist()
