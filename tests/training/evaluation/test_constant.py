import pytest

from rules.ids import OfferId
from training.evaluation.constant import best_order

A, B, C = OfferId("a"), OfferId("b"), OfferId("c")


def test_offers_are_ordered_by_what_they_earn_per_showing() -> None:
    taken = [(A, 0.5, 1.0)] * 500 + [(B, 0.1, 3.0)] * 500 + [(C, 0.4, 2.0)] * 500
    assert best_order(taken) == (B, C, A)


def test_weights_undo_what_the_logged_policy_preferred() -> None:
    """Each offer's showings that were rarer count more: the first halves earned nothing at probability 0.9."""
    often = [(A, 0.9, 0.0)] * 900 + [(A, 0.1, 10.0)] * 100
    steady = [(B, 0.5, 2.0)] * 1000
    assert best_order(often + steady) == (A, B)


def test_one_lucky_showing_does_not_make_an_offer_best() -> None:
    taken = [(A, 0.5, 2.0)] * 500 + [(B, 0.5, 1.0)] * 500 + [(C, 0.5, 5.0)]
    assert best_order(taken)[0] == A


def test_nothing_logged_gives_no_order() -> None:
    assert best_order([]) == ()


def test_ties_are_broken_by_name() -> None:
    assert best_order([(B, 0.5, 1.0), (A, 0.5, 1.0)]) == (A, B)


@pytest.mark.parametrize("value", [-5.0, 0.0])
def test_values_may_be_zero_or_below(value: float) -> None:
    assert best_order([(A, 0.5, value)] * 100 + [(B, 0.5, value - 1)] * 100) == (A, B)
