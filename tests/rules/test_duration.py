import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("250ms", 250),
        ("90s", 90_000),
        ("5m", 300_000),
        ("12h", 43_200_000),
        ("30d", 2_592_000_000),
        ("1w", 604_800_000),
    ],
)
def test_each_unit(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "30 d", "30d\n", "1d12h", "٣d", "a month"])
def test_anything_else_is_refused_and_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="like '30d'"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0d", "99999999w"])
def test_a_duration_has_a_range(text: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        parse_duration(text)


@given(st.integers(1, 10**12))
def test_every_millisecond_counts(milliseconds: int) -> None:
    assert parse_duration(f"{milliseconds}ms") == milliseconds
