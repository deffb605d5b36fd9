import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import TrainingError
from training.learning.split import split_by_time


@given(st.lists(st.integers(0, 40), min_size=3, max_size=120).filter(lambda times: len(set(times)) >= 3))
def test_parts_cover_every_row_once_and_follow_each_other(times: list[int]) -> None:
    at = np.array(times, np.int64)
    parts = split_by_time(at)
    assert sorted(np.concatenate([parts.fit, parts.tune, parts.judge])) == list(range(len(at)))
    assert at[parts.fit].max() < at[parts.tune].min()
    assert at[parts.tune].max() < at[parts.judge].min()


def test_shares_are_met_when_every_moment_has_one_row() -> None:
    at = np.random.default_rng(0).permutation(1000).astype(np.int64)
    parts = split_by_time(at)
    assert [len(parts.fit), len(parts.tune), len(parts.judge)] == [600, 200, 200]


def test_waves_stay_whole() -> None:
    parts = split_by_time(np.repeat(np.array([0, 168, 336, 408]), 100))
    assert [len(parts.fit), len(parts.tune), len(parts.judge)] == [200, 100, 100]


def test_two_moments_are_refused() -> None:
    with pytest.raises(TrainingError, match="2 moment"):
        split_by_time(np.array([1, 1, 2]))
