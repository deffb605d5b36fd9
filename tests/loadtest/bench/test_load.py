from array import array

import pytest

from loadtest.bench.load import Load, join_loads


def load(latencies: list[int], seconds: float, cpu: float, late: int) -> Load:
    return Load(len(latencies), seconds, array("I", latencies).tobytes(), {503: 1}, 2, cpu, late)


def test_stretches_of_load_count_together() -> None:
    whole = join_loads([load([5, 7], 1.0, 0.5, 9), load([1, 2, 3, 4], 3.0, 0.1, 4)])
    assert list(whole.microseconds()) == [5, 7, 1, 2, 3, 4]
    assert (whole.answers, whole.seconds, whole.failed, whole.degraded, whole.late) == (6, 4.0, {503: 2}, 4, 9)
    assert whole.per_second == 1.5
    assert whole.cpu == pytest.approx(0.2)
