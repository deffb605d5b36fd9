from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rules.attribute import Value
from rules.column import make_column, value_at
from rules.workspace import AttributeType

WORDS = st.text("abc", max_size=3)
VALUES: dict[AttributeType, st.SearchStrategy[Value]] = {
    "string": WORDS,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "timestamp": st.integers(0, 2**42),
    "list": st.frozensets(WORDS, max_size=3).map(lambda items: tuple(sorted(items))),
    "map": st.dictionaries(WORDS, st.floats(allow_nan=False), max_size=3),
}


@given(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(st.none() | VALUES[kind], max_size=6))
    )
)
def test_a_column_gives_back_what_it_was_made_of(case: tuple[AttributeType, Sequence[Value | None]]) -> None:
    type, values = case
    column = make_column(type, values)
    assert [value_at(column, row) for row in range(len(values))] == list(values)
    assert list(column.words) == sorted(column.words)
