import numpy as np
import pytest

from decision.engine.arbitration import Parts, usable
from rules.workspace import ARBITRATION_PARTS, ArbitrationPart

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
    assert PARTS.product(switched_on) == pytest.approx(expected)


def test_what_cannot_be_a_share_counts_zero() -> None:
    product = np.array([-1.0, np.nan, np.inf, -np.inf, 0.0, 2.0])
    assert usable(product).tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 2.0]
