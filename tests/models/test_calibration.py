import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Calibration
from rules.errors import ArtefactError

shares = st.floats(0, 1)


@given(knots=st.sets(shares, min_size=1, max_size=20), observed=st.lists(shares, min_size=20, max_size=20))
def test_the_map_never_turns_and_passes_its_knots(knots: set[float], observed: list[float]) -> None:
    predicted = tuple(sorted(knots))
    calibration = Calibration(predicted, tuple(sorted(observed)[: len(predicted)]))
    bound = calibration.bind()
    assert (bound.apply(np.array(predicted)) == np.array(calibration.observed)).all()
    places = np.linspace(-0.5, 1.5, 300)
    along = bound.apply(places)
    assert along.tolist() == np.interp(places, predicted, calibration.observed).tolist()
    assert (np.diff(along) >= -1e-15).all()
    assert along[0] == calibration.observed[0]
    assert along[-1] == calibration.observed[-1]


@given(
    knots=st.sets(st.floats(-1e6, 1e6), min_size=1, max_size=40),
    observed=st.lists(st.floats(0, 1e6), min_size=40, max_size=40),
    values=st.lists(st.floats()),
)
def test_the_map_is_numpys_bit_for_bit(knots: set[float], observed: list[float], values: list[float]) -> None:
    predicted, heights = sorted(knots), sorted(observed)[: len(knots)]
    places = np.array(values + predicted + [np.nextafter(knot, np.inf) for knot in predicted])
    found = Calibration(tuple(predicted), tuple(heights)).bind().apply(places)
    # Over a single knot numpy gives even NaN that knot's height.
    expected = np.where(np.isnan(places), places, np.interp(places, predicted, heights))
    assert np.array_equal(found.view(np.int64), expected.view(np.int64))


@pytest.mark.parametrize(
    ("predicted", "observed"),
    [
        ((), ()),
        ((0.1,), ()),
        ((0.2, 0.1), (0.1, 0.2)),
        ((0.1, 0.1), (0.1, 0.2)),
        ((0.1, 0.2), (0.2, 0.1)),
        ((0.1, float("nan")), (0.1, 0.2)),
    ],
)
def test_knots_that_are_no_monotone_map_are_refused(predicted: tuple[float, ...], observed: tuple[float, ...]) -> None:
    with pytest.raises(ArtefactError, match="fit it again"):
        Calibration(predicted, observed).check()
