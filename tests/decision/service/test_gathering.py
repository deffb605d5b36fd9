"""Many steps of one call."""

import asyncio

import pytest

from decision.service.gathering import AT_ONCE, gather, parts


async def test_everything_is_there_in_order_and_only_so_much_runs_at_once() -> None:
    running, most = 0, 0

    async def step(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    assert await gather(step(number) for number in range(1000)) == list(range(1000))
    assert most == AT_ONCE


async def test_a_failure_leaves_nothing_running_and_begins_nothing_more() -> None:
    begun, ended = [], []

    async def step(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise ValueError("the third")
        await asyncio.sleep(0.001)
        ended.append(number)

    with pytest.raises(ValueError, match="third"):
        await gather(step(number) for number in range(AT_ONCE + 10))
    assert begun == list(range(AT_ONCE))
    assert sorted(ended) == [number for number in begun if number != 3]


def test_parts_hold_every_item_once() -> None:
    assert list(parts([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
