"""Immutable versions and the pointers to those in use."""

import asyncio

import pytest

from decision.store.memory import MemoryStore
from decision.store.port import Store
from decision.store.redis import RedisStore
from decision.version.registry import REMEMBERED, Registry
from rules.content import content_address
from rules.errors import Conflict, NotFound
from rules.ids import Instant


@pytest.fixture(params=["memory", "valkey", "cluster"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: RedisStore = request.getfixturevalue(f"{request.param}_store")
    return found


async def test_keeps_versions_by_content(store: Store) -> None:
    registry = Registry(store)
    first = await registry.put("catalogue", b"one", Instant(1), "ann", {"offers": 3})
    second = await registry.put("catalogue", b"two", Instant(2))
    assert await registry.put("catalogue", b"one", Instant(9), "bob") == first == content_address(b"one")
    assert await registry.get("catalogue", second) == b"two"
    infos = await registry.versions("catalogue")
    assert [(info.version, info.created, info.by) for info in infos] == [(second, 2, ""), (first, 1, "ann")]
    assert (await registry.info("catalogue", first)).summary == {"offers": 3}
    assert await registry.versions("model") == []
    for call in (registry.get, registry.info, registry.activate):
        with pytest.raises(NotFound, match="versions"):
            await call("model", first)


async def test_points_to_the_version_in_use_and_back(store: Store) -> None:
    registry = Registry(store)
    versions = [await registry.put("model", b"%d" % n, Instant(n)) for n in range(3)]
    assert await registry.current("model") == {}
    assert await registry.activate("model", versions[0], "accept") is None
    assert await registry.activate("model", versions[0], "accept") == versions[0]
    assert await registry.activate("model", versions[1], "accept") == versions[0]
    assert await registry.activate("model", versions[2], "book") is None
    assert await registry.current("model") == {"accept": versions[1], "book": versions[2]}
    assert await registry.history("model", "accept") == versions[:2]
    assert await registry.rollback("model", "accept") == versions[0]
    assert await registry.current("model") == {"accept": versions[0], "book": versions[2]}
    for slot in ("accept", "unknown"):
        with pytest.raises(NotFound, match="before"):
            await registry.rollback("model", slot)


async def test_a_model_that_is_used_is_no_challenger_any_more(store: Store) -> None:
    registry = Registry(store)
    one, two, three = [await registry.put("model", b"%d" % n, Instant(n)) for n in range(3)]
    await registry.activate("model", one, "accept")
    await registry.challenge("accept", two)
    await registry.challenge("book", two)
    await registry.activate("model", three, "accept")
    assert await registry.challengers() == {"accept": two, "book": two}
    await registry.activate("model", two, "accept")
    assert await registry.challengers() == {"book": two}
    await registry.challenge("accept", three)
    assert await registry.rollback("model", "accept") == three
    assert await registry.challengers() == {"book": two}
    with pytest.raises(Conflict, match="in use"):
        await registry.challenge("accept", three)


async def test_slots_moved_at_once_do_not_undo_each_other(store: Store) -> None:
    registry = Registry(store)
    version = await registry.put("model", b"m", Instant(1))
    await asyncio.gather(*(registry.activate("model", version, f"goal{n}") for n in range(20)))
    assert len(await registry.current("model")) == 20


async def test_remembers_so_many_versions_of_a_slot() -> None:
    registry = Registry(MemoryStore())
    for n in range(REMEMBERED + 10):
        await registry.activate("catalogue", await registry.put("catalogue", b"%d" % n, Instant(n)))
    assert len(await registry.history("catalogue")) == REMEMBERED


async def test_a_version_is_not_put_to_use_over_one_that_came_meanwhile(store: Store) -> None:
    registry = Registry(store)
    one, two = [await registry.put("model", blob, Instant(1)) for blob in (b"one", b"two")]
    await registry.activate("model", one, "accept", expected=None)
    with pytest.raises(Conflict, match="look again"):
        await registry.activate("model", two, "accept", expected=None)
    assert await registry.activate("model", two, "accept", expected=one) == one
