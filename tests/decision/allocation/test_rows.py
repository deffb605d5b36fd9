import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.allocation import Left, Rows, Volumes, row_of
from tests.decision.allocation.instances import audience, optimum


def test_a_row_keeps_what_prices_could_make_best() -> None:
    scores = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    open = np.array([True, True, True, True, True, True])
    # 0 and 3 are limited, 4 and 5 have a minimum, 1 and 2 are free.
    volumes = Volumes.of([[0], [], [], [0], [1], [1]], 2)
    candidates, values = row_of(scores, open, volumes, np.array([0, 7]), slots=1)
    assert candidates.tolist() == [0, 1, 4, 5]
    assert values.tolist() == [5.0, 4.0, 1.0, 0.0]
    candidates, _ = row_of(scores, open, volumes, np.array([0, 0]), slots=3)
    assert candidates.tolist() == [0, 1, 2, 3, 4]
    open[0] = False
    assert row_of(scores, open, volumes, np.array([0, 0]), slots=1)[0].tolist() == [1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000))
def test_short_rows_have_the_same_optimum(seed: int) -> None:
    rows, volumes, left, slots = audience(seed, customers=60, offers=12)
    owed = left.minimums * 0 + (left.minimums > 0) * 3
    left = Left(left.rooms, owed, left.customers)
    short = []
    for row in range(len(rows)):
        scores, open = np.zeros(volumes.candidates), np.zeros(volumes.candidates, np.bool_)
        part = slice(rows.starts[row], rows.starts[row + 1])
        scores[rows.candidates[part]], open[rows.candidates[part]] = rows.values[part], True
        short.append(row_of(scores, open, volumes, left.minimums, slots))
    compact = Rows.of(short)
    before, after = optimum(rows, volumes, left, slots), optimum(compact, volumes, left, slots)
    assert (before is None) == (after is None)
    assert before is None or after is None or np.isclose(before, after)
