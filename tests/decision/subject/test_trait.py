import pytest

from decision.subject.trait import preferred
from rules.facts import FactValue


@pytest.mark.parametrize(
    ("declared", "weights", "searching", "expected"),
    [
        (None, {}, None, None),
        (None, {"A": 1.0, "B": 3.0}, None, "B"),
        (None, {"B": 2.0, "A": 2.0}, None, "A"),
        ("C", {"A": 9.0}, "B", "C"),
        (None, {"A": 2.0, "B": 1.0}, "B", "B"),
        (None, {"A": 9.0, "B": 1.0}, "B", "A"),
        (None, {}, "B", "B"),
        (None, {"A": -3.0}, None, None),
        (None, {"A": 3.0, "B": 1.0, "C": -2.0}, "B", "B"),
        (None, {"B": 1.0}, "A", "B"),
        ("", {"A": 1.0}, "", "A"),
    ],
)
def test_a_declared_preference_wins_else_the_largest_blended_share(
    declared: FactValue | None, weights: dict[str, float], searching: FactValue | None, expected: str | None
) -> None:
    assert preferred(declared, weights, searching, 0.4) == expected


def test_a_blend_of_one_follows_the_search_and_of_zero_ignores_it() -> None:
    weights = {"A": 1.0}
    assert preferred(None, weights, "B", 1.0) == "B"
    assert preferred(None, weights, "B", 0.0) == "A"
    assert preferred(None, {}, "B", 0.0) is None
