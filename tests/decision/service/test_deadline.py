"""A deadline counts what is waited for, and not our own work that holds up the loop."""

import asyncio
import time

import pytest

from decision.service.deadline import SLICE, Deadline, Pulse


async def test_waits_add_up() -> None:
    deadline = Deadline(0.1)
    begun = time.monotonic()
    with deadline.waiting():
        await asyncio.sleep(0.03)
    await deadline.pause(0.02)
    assert 0.0 < deadline.left < 0.06
    with pytest.raises(TimeoutError), deadline.waiting():
        await asyncio.sleep(5)
    assert time.monotonic() - begun < 1
    assert deadline.left < 0.02


async def test_some_time_may_be_kept() -> None:
    deadline = Deadline(0.1)
    with pytest.raises(TimeoutError), deadline.waiting(keep=0.07):
        await asyncio.sleep(5)
    assert deadline.left > 0.04


async def test_what_is_asked_for_after_the_end_is_still_sent() -> None:
    sent = []

    async def ask() -> None:
        sent.append(1)
        await asyncio.sleep(5)

    begun = time.monotonic()
    with pytest.raises(TimeoutError), Deadline(-1.0).waiting():
        await asyncio.gather(ask())
    assert sent
    assert time.monotonic() - begun < 1


async def test_a_held_up_loop_counts_one_slice() -> None:
    deadline = Deadline(0.05)
    with deadline.waiting():
        time.sleep(0.2)
        await asyncio.sleep(0.001)
    assert deadline.left > 0.05 - 3 * SLICE


async def test_who_else_cancels_is_heard() -> None:
    async def wait(outer: list[BaseException]) -> None:
        try:
            with Deadline(0.02).waiting():
                await asyncio.sleep(5)
        except BaseException as error:
            outer.append(error)
            raise

    caught: list[BaseException] = []
    task = asyncio.ensure_future(wait(caught))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [type(error) for error in caught] == [asyncio.CancelledError]


async def test_a_wait_that_ran_out_leaves_the_task_as_it_was() -> None:
    task = asyncio.current_task()
    assert task is not None
    for _ in range(3):
        with pytest.raises(TimeoutError), Deadline(0.001).waiting():
            await asyncio.sleep(5)
        assert task.cancelling() == 0
        await asyncio.sleep(0)


async def test_waits_that_share_a_pulse_run_out_each_at_its_own_time() -> None:
    pulse, begun = Pulse(), time.monotonic()
    lasted: dict[float, float] = {}

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds / 10)
        with pytest.raises(TimeoutError), Deadline(seconds, pulse).waiting():
            await asyncio.sleep(5)
        lasted[seconds] = time.monotonic() - begun

    await asyncio.gather(*(wait(seconds) for seconds in (0.035, 0.08, 0.2)))
    assert list(lasted) == [0.035, 0.08, 0.2]
    assert all(last > 0.9 * seconds for seconds, last in lasted.items())
    assert lasted[0.2] < 1
