import pytest

from decision.subject.trait import preferred
from rules.facts import FactValue
from rules.workspace import Trait

TRAIT = Trait("brand", declared="favourite", searching="brand", blend=0.4)


@pytest.mark.parametrize(
    ("customer", "weights", "context", "expected"),
    [
        ({}, {}, {}, None),
        ({}, {"A": 1.0, "B": 3.0}, {}, "B"),
        ({}, {"B": 2.0, "A": 2.0}, {}, "A"),
        ({"favourite": "C"}, {"A": 9.0}, {"brand": "B"}, "C"),
        ({}, {"A": 2.0, "B": 1.0}, {"brand": "B"}, "B"),
        ({}, {"A": 9.0, "B": 1.0}, {"brand": "B"}, "A"),
        ({}, {}, {"brand": "B"}, "B"),
        ({}, {"A": -3.0}, {}, None),
        ({"favourite": ""}, {"A": 1.0}, {"brand": ""}, "A"),
    ],
)
def test_a_declared_preference_wins_else_the_largest_blended_share(
    customer: dict[str, FactValue], weights: dict[str, float], context: dict[str, FactValue], expected: str | None
) -> None:
    assert preferred(TRAIT, customer, weights, context) == expected


def test_a_blend_of_one_follows_the_search_and_of_zero_ignores_it() -> None:
    weights = {"A": 1.0}
    assert preferred(Trait("brand", searching="brand", blend=1.0), {}, weights, {"brand": "B"}) == "B"
    assert preferred(Trait("brand", searching="brand", blend=0.0), {}, weights, {"brand": "B"}) == "A"
    assert preferred(Trait("brand", searching="brand", blend=0.0), {}, {}, {"brand": "B"}) is None
