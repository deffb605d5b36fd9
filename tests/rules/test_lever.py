import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.column import make_column
from rules.ids import Instant, LeverId, OfferId
from rules.instant import parse_instant
from rules.lever import LeverBook, in_scope
from rules.offer import OfferTable
from rules.workspace import Lever

IDS = tuple(OfferId(name) for name in "abcd")
OFFERS = OfferTable(
    IDS,
    {
        "brand": make_column("string", ["Alba", "Brisa", None, "Corte"]),
        "tags": make_column("list", [("sea", "spa"), ("spa",), ("sea",), None]),
        "region": make_column("string", [None] * 4),
    },
    ({}, {}, {}, {}),
)
EVERY = np.ones(4, np.bool_)


def test_a_scope_names_values_of_strings_and_lists_and_all_its_attributes_must_fit() -> None:
    def scope(**values: tuple[str, ...]) -> list[bool]:
        return [bool(flag) for flag in in_scope(Lever(LeverId("l"), "permanent", 2.0, scope=values), OFFERS)]

    assert scope() == [True, True, True, True]
    assert scope(brand=("Alba", "Corte")) == [True, False, False, True]
    assert scope(tags=("sea",)) == [True, False, True, False]
    assert scope(tags=("sea", "spa"), brand=("Brisa",)) == [False, True, False, False]
    assert scope(region=("north",)) == [False, False, False, False]


def test_the_weight_is_the_product_of_permanent_levers_and_of_tactical_ones_in_force() -> None:
    house = Lever(LeverId("house"), "permanent", 1.2)
    spring = Lever(LeverId("spring"), "tactical", 1.5, starts="2026-03-01", ends="2026-06-01")
    some = np.array([True, False, True, False])
    book = LeverBook.of([(spring, some), (house, EVERY)], 4)
    first, end = parse_instant("2026-03-01"), parse_instant("2026-06-01")
    during = [1.2 * 1.5, 1.2, 1.2 * 1.5, 1.2]
    before = [1.2] * 4
    for now, expected in ((first, during), (Instant(end - 1), during), (Instant(first - 1), before), (end, before)):
        assert book.weigh(now).tolist() == expected
    assert [lever.id for lever in book.in_force(0, first)] == ["spring", "house"]
    assert [lever.id for lever in book.in_force(1, first)] == ["house"]
    assert [lever.id for lever in book.in_force(0, end)] == ["house"]
    assert LeverBook.of([], 4).weigh(first).tolist() == [1.0] * 4


@given(
    st.lists(
        st.tuples(st.sampled_from([0.3, 1.1, 7.0, 1 / 3]), st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5))),
        max_size=5,
    ),
    st.lists(st.integers(0, 6), min_size=1, max_size=8),
)
def test_the_product_at_any_moment_is_that_of_one_factor_after_the_other(
    drawn: list[tuple[float, tuple[int, int] | None]], days: list[int]
) -> None:
    levers = [
        Lever(LeverId(f"l{at}"), "permanent", factor)
        if days_from is None
        else Lever(
            LeverId(f"l{at}"),
            "tactical",
            factor,
            starts=f"2026-03-{min(days_from):02}",
            ends=f"2026-03-{max(days_from) + 1:02}",
        )
        for at, (factor, days_from) in enumerate(drawn)
    ]
    some = np.array([True, False, True, False])
    book = LeverBook.of([(lever, some) for lever in levers], 4)
    for day in days:
        now = Instant(parse_instant("2026-03-01") + (day - 1) * 86_400_000)
        expected = 1.0
        in_force = [lever for lever in levers if lever in book.in_force(0, now)]
        for lever in sorted(in_force, key=lambda lever: lever.kind == "tactical"):
            expected *= lever.factor
        assert book.weigh(now).tolist() == [expected, 1.0, expected, 1.0]
