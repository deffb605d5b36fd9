import numpy as np
import pytest

from loadtest.hotel.noise import gumbel

ROWS = np.arange(-1, 20_000)


def test_draws_are_standard_gumbel() -> None:
    drawn = gumbel(7, 123, ROWS)
    assert drawn.mean() == pytest.approx(0.5772, abs=0.03)
    assert drawn.var() == pytest.approx(np.pi**2 / 6, rel=0.05)


def test_a_row_draws_the_same_in_any_company() -> None:
    alone = [gumbel(7, 9, np.array([row]))[0] for row in (-1, 4, 900)]
    assert gumbel(7, 9, np.array([900, -1, 4])).tolist() == [alone[2], alone[0], alone[1]]


def test_visits_and_seeds_draw_independently() -> None:
    base = gumbel(7, 9, ROWS)
    for other in (gumbel(7, 10, ROWS), gumbel(8, 9, ROWS), gumbel(8, 8, ROWS)):
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.03
