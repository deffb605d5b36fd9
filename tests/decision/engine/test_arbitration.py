from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine.arbitration import Parts
from rules.choice import ARBITRATION_PARTS, ArbitrationPart

numbers = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 2.0])
PARTS = Parts(np.array([0.5, 0.2]), np.array([2.0, 3.0]), np.array([10.0, 7.0]), np.array([1.5, 1.1]))


@pytest.mark.parametrize(
    ("switched_on", "expected"),
    [
        (ARBITRATION_PARTS, [15.0, 4.62]),
        (("propensity",), [0.5, 0.2]),
        (("value", "levers"), [15.0, 7.7]),
        (("context",), [2.0, 3.0]),
        ((), [1.0, 1.0]),
    ],
)
def test_the_score_is_the_product_of_the_parts_that_are_on(
    switched_on: tuple[ArbitrationPart, ...], expected: list[float]
) -> None:
    assert PARTS.scores(switched_on, np.array([True, True])) == pytest.approx(expected)
    assert PARTS.scores(switched_on, np.array([False, True])) == pytest.approx([0.0, expected[1]])


@settings(max_examples=50)
@given(
    st.lists(st.tuples(numbers, numbers, numbers, numbers, st.booleans())), st.sets(st.sampled_from(ARBITRATION_PARTS))
)
def test_what_cannot_be_a_share_counts_zero(
    rows: list[tuple[float, float, float, float, bool]], switched_on: set[ArbitrationPart]
) -> None:
    columns = np.array([row[:4] for row in rows], np.float64).reshape(-1, 4).T.copy()
    expected = []
    for *parts, passes in rows:
        product = 1.0
        for name, part in zip(ARBITRATION_PARTS, parts, strict=True):
            product *= part if name in switched_on else 1.0
        expected.append(product if passes and isfinite(product) and product > 0.0 else 0.0)
    open = np.array([row[4] for row in rows], np.bool_)
    assert Parts(*columns).scores(switched_on, open).tolist() == expected
