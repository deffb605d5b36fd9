from collections.abc import AsyncIterator

import pytest

from loadtest.bench.errors import Mismatch, Overload
from loadtest.bench.figure import Absent, Figure, Outcome, Series
from loadtest.bench.measuring import unbroken

ONE = Series.of([1.0])
FIGURE = Figure(name="f", case="c", against="a", unit="u", ratio=ONE, ours=ONE, theirs=ONE, checked="")


async def failing(error: Exception) -> AsyncIterator[Outcome]:
    yield FIGURE
    raise error


@pytest.mark.parametrize(
    ("error", "wrong"), [(Mismatch("not equal"), True), (Overload("too slow"), False), (ConnectionError("gone"), False)]
)
async def test_a_failure_ends_its_figure_and_not_the_run(error: Exception, wrong: bool) -> None:
    found = [outcome async for outcome in unbroken("f", failing(error))]
    assert found == [FIGURE, Absent("f", str(error), wrong)]


async def test_a_mistake_of_the_bench_itself_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        [outcome async for outcome in unbroken("f", failing(KeyError("x")))]
