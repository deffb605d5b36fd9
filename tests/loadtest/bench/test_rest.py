"""Waiting until a service rests."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from loadtest.bench.errors import Overload
from loadtest.bench.process_time import ProcessTime
from loadtest.bench.rest import rest

LOOK = 0.02


def busy_for(looks: int) -> Callable[[], ProcessTime]:
    """The time of a service whose sink takes a whole core between so many looks, and nothing afterwards."""

    def readings() -> Iterator[ProcessTime]:
        used = 0.0
        for look in range(10_000):
            yield ProcessTime(workers=7.0, store=1.0, rest=used)
            used += LOOK if look < looks else 0.0

    return readings().__next__


@pytest.mark.parametrize("looks", [0, 1, 4])
def test_it_waits_for_as_long_as_the_service_works(looks: int) -> None:
    waited = asyncio.run(rest(busy_for(looks), LOOK))
    assert waited >= LOOK * (looks + 1)


def test_a_service_that_never_rests_is_not_measured() -> None:
    with pytest.raises(Overload, match="still uses"):
        asyncio.run(rest(busy_for(10_000), LOOK, most=3 * LOOK))


def test_where_the_system_does_not_tell_nobody_waits() -> None:
    assert asyncio.run(rest(lambda: None, LOOK)) == 0.0
