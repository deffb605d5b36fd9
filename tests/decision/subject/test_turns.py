"""Turns of one subject come one after another, whoever gives up; those of others do not wait for them."""

import asyncio

import pytest

from decision.keys import SubjectId
from decision.subject.turns import Turns

ANN, BOB = SubjectId("c:ann"), SubjectId("c:bob")


async def test_one_after_another_in_the_order_asked() -> None:
    turns, seen = Turns(), []

    async def work(name: int) -> None:
        async with turns.of(ANN):
            seen.append(("in", name))
            await asyncio.sleep(0.001 * (name % 3))
            seen.append(("out", name))

    await asyncio.gather(*(work(name) for name in range(6)))
    assert seen == [(step, name) for name in range(6) for step in ("in", "out")]
    assert turns.of(ANN).take_if_free()


async def test_others_do_not_wait() -> None:
    turns = Turns()
    ann, bob = turns.of(ANN), turns.of(BOB)
    await ann.take()
    assert not turns.of(ANN).take_if_free()
    assert bob.take_if_free()
    bob.give()
    ann.give()


async def test_a_turn_is_given_back_when_the_work_fails() -> None:
    turns = Turns()
    with pytest.raises(KeyError):
        async with turns.of(ANN):
            raise KeyError
    assert turns.of(ANN).take_if_free()


@pytest.mark.parametrize("given", [False, True])
async def test_who_gives_up_is_passed_over(given: bool) -> None:
    """Also in the very moment in which it gets the turn."""
    turns = Turns()
    first, second, third = (turns.of(ANN) for _ in range(3))
    await first.take()
    waiting = [asyncio.ensure_future(turn.take()) for turn in (second, third)]
    await asyncio.sleep(0)
    if given:
        first.give()
    waiting[0].cancel()
    if not given:
        first.give()
    await asyncio.wait(waiting, timeout=1)
    assert waiting[0].cancelled()
    assert waiting[1].done()
    assert not turns.of(ANN).take_if_free()
    third.give()
    assert turns.of(ANN).take_if_free()
