from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.artefact import Artefact
from models.optimism import optimism_of
from models.rates import STRENGTH
from rules.ids import GoalId, Instant, OfferId

OFFERS = (OfferId("new"), OfferId("known"), OfferId("old"))


def artefact(variation: float, **evidence: int) -> Artefact:
    by_offer = {OfferId(offer): number for offer, number in evidence.items()}
    return Artefact(
        kind="rates",
        goal=GoalId("accept"),
        objective="response",
        created=Instant(0),
        evidence_by_offer=by_offer,
        variation=variation,
    )


def test_the_factor_is_what_the_mean_may_be_off_by() -> None:
    rate = 0.05
    variation = sqrt((1 - rate) / rate)
    factors = optimism_of(artefact(variation, known=150, old=9950), OFFERS, 2.0)
    assert factors is not None
    expected = [1 + 2 * sqrt((1 - rate) / (rate * (number + STRENGTH))) for number in (0, 150, 9950)]
    assert factors.tolist() == pytest.approx(expected)


@given(st.floats(0.01, 10.0), st.floats(0.01, 100.0), st.lists(st.integers(0, 10**6), min_size=2, max_size=9))
def test_less_evidence_never_means_less_optimism(strength: float, variation: float, evidence: list[int]) -> None:
    names = [f"o{number}" for number in range(len(evidence))]
    made = artefact(variation, **dict(zip(names, evidence, strict=True)))
    factors = optimism_of(made, [OfferId(name) for name in names], strength)
    assert factors is not None
    assert (factors > 1.0).all()
    for number, factor in zip(evidence, factors.tolist(), strict=True):
        for other, its_factor in zip(evidence, factors.tolist(), strict=True):
            assert factor >= its_factor or number > other


def test_nothing_is_raised_where_nobody_asks_or_nothing_is_known() -> None:
    assert optimism_of(artefact(4.0), OFFERS, 0.0) is None
    assert optimism_of(artefact(0.0, old=9), OFFERS, 1.0) is None
