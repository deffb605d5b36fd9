import numpy as np
import pytest

from loadtest.hotel.fatigue import HALF_LIFE, Fatigue


def test_exposures_add_up_and_halve_every_half_life() -> None:
    fatigue = Fatigue(2)
    fatigue.show(1, 0, np.array([3, 3, 5]))
    assert fatigue.of(1, 0)[[3, 5, 0]].tolist() == [2.0, 1.0, 0.0]
    assert fatigue.of(1, HALF_LIFE)[3] == pytest.approx(1.0)
    fatigue.show(1, HALF_LIFE, np.array([3]))
    assert fatigue.of(1, 2 * HALF_LIFE)[3] == pytest.approx(1.0)
    assert not fatigue.of(0, 0).any()
