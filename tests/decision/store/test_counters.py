"""Counters of units: one suite that every twin of the store passes, and what many do to one counter at a time."""

import asyncio
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decision.store.memory import MemoryStore
from decision.store.port import Held, Hold, Settle, Store
from decision.store.redis import RedisStore


@pytest.fixture(params=["memory", "valkey", "cluster"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


def hold(holder: str, units: int, most: int = 10, milliseconds: int | None = 60_000, key: str = "{k}") -> Hold:
    return Hold(key, holder, units, most, milliseconds)


async def test_units_are_held_then_taken_or_left_to_others(store: Store) -> None:
    assert await store.hold([hold("a", 4), hold("b", 5)]) == [Held(True, 6), Held(True, 1)]
    assert await store.hold([hold("c", 2)]) == [Held(False, 1)]
    assert await store.count(["{k}", "{absent}"]) == [(0, 9), (0, 0)]
    assert await store.write([Settle("{k}", "a", 3), Settle("{k}", "b", 0), Settle("{k}", "c", 1)]) == [1, 1, 0]
    assert await store.count(["{k}"]) == [(3, 0)]
    assert await store.get_many(["{k}"]) == [b"3"]
    assert await store.hold([hold("c", 7)]) == [Held(True, 0)]


async def test_a_holder_holds_once_however_often_it_asks(store: Store) -> None:
    assert await store.hold([hold("a", 4), hold("a", 4), hold("a", 10)]) == [
        Held(True, 6),
        Held(True, 6),
        Held(True, 0),
    ]
    assert await store.hold([hold("a", 11)]) == [Held(False, 10)]
    assert await store.hold([hold("b", 1)]) == [Held(False, 0)]
    assert await store.write([Settle("{k}", "a", 99), Settle("{k}", "a", 99)]) == [1, 0]
    assert await store.count(["{k}"]) == [(10, 0)]


async def test_a_hold_ends_by_itself_unless_it_is_for_ever(store: Store) -> None:
    await store.hold([hold("short", 4, milliseconds=20), hold("shorter", 4, milliseconds=10)])
    await store.hold([hold("lasting", 2, milliseconds=None)])
    await asyncio.sleep(0.03)
    assert await store.count(["{k}"]) == [(0, 2)]
    assert await store.hold([hold("b", 8), hold("c", 1)]) == [Held(True, 0), Held(False, 0)]
    assert await store.write([Settle("{k}", "short", 4)]) == [0]
    assert await store.count(["{k}"]) == [(0, 10)]


async def test_a_hold_that_is_over_but_missed_by_nobody_may_still_be_settled_and_renewed(store: Store) -> None:
    # Each at its own counter: whoever holds there next would miss one that is over.
    await store.hold([hold("a", 4, milliseconds=1), hold("b", 4, key="{l}", milliseconds=1)])
    await asyncio.sleep(0.01)
    assert await store.write([Settle("{k}", "a", 4)]) == [1]
    assert await store.hold([hold("b", 9, key="{l}"), hold("c", 2, key="{l}")]) == [Held(True, 1), Held(False, 1)]


async def test_who_is_known_to_have_settled_may_ask_for_everything_again(store: Store) -> None:
    settle = Settle("{k}", "a", 4, known=60)
    await store.hold([hold("a", 4), hold("b", 3)])
    assert await store.write([settle, settle]) == [1, 1]
    assert await store.hold([hold("a", 4), hold("a", 99)]) == [Held(True, 3), Held(True, 3)]
    assert await store.write([settle, Settle("{k}", "a", 0)]) == [1, 1]
    assert await store.count(["{k}"]) == [(4, 3)]
    # It is known of this holder and this counter alone, and only where something was kept.
    await store.hold([hold("a", 1, key="{l}")])
    assert await store.write([Settle("{k}", "b", 0, known=60), Settle("{k}", "b", 3, known=60)]) == [1, 0]
    assert await store.count(["{k}", "{l}"]) == [(4, 0), (0, 1)]
    # Who takes more than is allowed by now has it all the same, and leaves nothing.
    assert await store.hold([hold("a", 4, most=2)]) == [Held(True, 0)]


async def test_a_settled_holder_is_known_for_as_long_as_it_says(store: Store) -> None:
    await store.hold([hold("a", 4)])
    assert await store.write([Settle("{k}", "a", 4, known=1)]) == [1]
    await asyncio.sleep(1.05)
    assert await store.write([Settle("{k}", "a", 4, known=1)]) == [0]
    assert await store.hold([hold("a", 4)]) == [Held(True, 2)]


async def test_what_is_allowed_may_change_at_any_time(store: Store) -> None:
    await store.hold([hold("a", 8)])
    await store.write([Settle("{k}", "a", 8)])
    assert await store.hold([hold("b", 1, most=5), hold("b", 3, most=11)]) == [Held(False, 0), Held(True, 0)]


async def test_a_counter_lives_as_long_as_it_is_told_after_its_last_change(store: Store) -> None:
    await store.hold([Hold("{d}", "a", 2, 5, None, ttl=1), Hold("{d}", "b", 1, 5, None, ttl=1)])
    await store.write([Settle("{d}", "a", 2, ttl=1)])
    assert await store.count(["{d}"]) == [(2, 1)]
    await asyncio.sleep(1.05)
    assert await store.get_many(["{d}"]) == [None]


async def test_a_server_that_lost_its_scripts_learns_them_again(valkey_store: RedisStore, valkey_url: str) -> None:
    await valkey_store.hold([hold("a", 1)])
    await valkey_store._wire.run([("SCRIPT", "FLUSH")])
    assert await valkey_store.hold([hold("b", 1), hold("c", 1)]) == [Held(True, 8), Held(True, 7)]
    assert await valkey_store.write([Settle("{k}", "a", 1)]) == [1]


STEP = st.one_of(
    st.builds(hold, st.sampled_from("abc"), st.integers(1, 4), st.integers(1, 8), st.sampled_from([None, 60_000])),
    st.builds(
        Settle, st.just("{k}"), st.sampled_from("abc"), st.integers(0, 5), st.none(), st.sampled_from([None, 60])
    ),
)
_NUMBERS = count()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
async def test_the_twins_agree_and_nothing_is_had_over_the_most(
    valkey_store: RedisStore, steps: list[Hold | Settle]
) -> None:
    memory, key = MemoryStore(), f"{{{next(_NUMBERS)}}}"

    async def do(store: Store, step: Hold | Settle) -> object:
        if isinstance(step, Hold):
            return await store.hold([Hold(key, step.holder, step.units, step.most, step.milliseconds)])
        return await store.write([Settle(key, step.holder, step.kept, known=step.known)])

    for step in steps:
        before = await memory.count([key])
        there = await do(valkey_store, step)
        assert there == await do(memory, step)
        assert await valkey_store.count([key]) == await memory.count([key])
        if isinstance(step, Hold) and before != await memory.count([key]):
            [(taken, held)] = await memory.count([key])
            assert taken + held <= step.most
            assert there == [Held(True, step.most - taken - held)]


async def test_of_many_who_want_the_last_units_as_many_get_them_as_there_are(store: Store) -> None:
    async def want(number: int) -> bool:
        [held] = await store.hold([hold(f"h{number}", 1, most=7)])
        if held.done and number % 3 == 0:
            await store.write([Settle("{k}", f"h{number}", 0)])
            return False
        if held.done:
            await store.write([Settle("{k}", f"h{number}", 1)])
        return held.done

    won = await asyncio.gather(*(want(number) for number in range(200)))
    won += await asyncio.gather(*(want(3 * number + 1) for number in range(200, 210)))
    assert sum(won) == 7
    assert await store.count(["{k}"]) == [(7, 0)]
