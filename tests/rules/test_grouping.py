from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.grouping import Grouping

DIVISIONS = st.integers(0, 9).flatmap(
    lambda number: st.lists(
        st.integers(0, 4).flatmap(
            lambda size: st.tuples(st.just(size), st.lists(st.integers(-1, size - 1), min_size=number, max_size=number))
        ),
        max_size=3,
    )
)


@given(DIVISIONS)
def test_each_group_has_the_candidates_of_its_code(divisions: list[tuple[int, list[int]]]) -> None:
    grouping = Grouping.of([np.array(codes, np.int32) for _, codes in divisions], [size for size, _ in divisions])
    expected = [
        [candidate for candidate, code in enumerate(codes) if code == group]
        for size, codes in divisions
        for group in range(size)
    ]
    begins = grouping.begins.tolist()
    assert [grouping.members[first:end].tolist() for first, end in pairwise(begins)] == expected
