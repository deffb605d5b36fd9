import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import TrainingError
from training.learning.calibrator import fit_calibration
from training.learning.metrics import log_loss


@given(
    st.lists(st.tuples(st.integers(1, 99), st.booleans()), min_size=1, max_size=200),
    st.integers(1, 10),
)
def test_any_sample_gives_a_servable_map_that_keeps_the_order(rows: list[tuple[int, bool]], least: int) -> None:
    prediction = np.array([percent / 100 for percent, _ in rows])
    target = np.array([float(hit) for _, hit in rows])
    bound = fit_calibration(prediction, target, least).bind()
    grid = bound.apply(np.linspace(0.001, 0.999, 97))
    assert (np.diff(grid) >= 0).all()
    assert grid.min() > 0
    assert grid.max() < 1


def test_a_wrong_scale_is_put_right() -> None:
    generator = np.random.default_rng(4)
    truth = generator.beta(1.0, 12.0, 60_000)
    target = (generator.random(60_000) < truth).astype(np.float64)
    wrong = np.sqrt(truth)
    early, late = slice(0, 30_000), slice(30_000, None)
    bound = fit_calibration(wrong[early], target[early]).bind()
    repaired = bound.apply(wrong[late])
    assert log_loss(target[late], repaired) < log_loss(target[late], truth[late]) + 0.001
    assert repaired.mean() == pytest.approx(target[late].mean(), rel=0.05)
    for low, high in ((0.0, 0.05), (0.05, 0.15), (0.15, 0.6)):
        band = (truth[late] >= low) & (truth[late] < high)
        assert repaired[band].mean() == pytest.approx(truth[late][band].mean(), rel=0.1)


def test_steps_hold_the_least_of_both_kinds() -> None:
    generator = np.random.default_rng(5)
    prediction = generator.random(400)
    target = (generator.random(400) < prediction).astype(np.float64)
    knots = fit_calibration(prediction, target, 40).predicted
    inner = [step for step in knots if 0 < step < 1]
    assert 1 <= len(inner) <= 400 // 80


def test_one_constant_prediction_maps_to_the_rate() -> None:
    bound = fit_calibration(np.full(100, 0.5), np.array([1.0] * 30 + [0.0] * 70)).bind()
    assert bound.apply(np.array([0.5]))[0] == pytest.approx(31 / 102)


def test_thin_evidence_stays_near_what_was_predicted() -> None:
    few, many = (fit_calibration(np.full(rows, 0.1), np.zeros(rows)).bind() for rows in (10, 10_000))
    at = np.array([0.1])
    assert few.apply(at)[0] == pytest.approx(0.05)
    assert many.apply(at)[0] < 0.001


def test_no_rows_are_refused() -> None:
    with pytest.raises(TrainingError, match="no rows"):
        fit_calibration(np.empty(0), np.empty(0))
