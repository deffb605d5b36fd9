"""Keys at hand: a slow store delays nobody whose key is known, and a revoked key dies all the same."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from decision.access.api_keys import ApiKeys
from decision.access.key_ring import FRESH, KeyRing
from decision.store.memory import MemoryStore
from rules.errors import Unavailable
from rules.ids import Instant


class SlowStore(MemoryStore):
    """The store in memory; it may take its time, and then say that it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.away = False
        self.reads = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.reads += 1
        await asyncio.sleep(self.seconds)
        if self.away:
            raise Unavailable("away")
        return await super().get_many(keys)


async def test_a_known_key_does_not_wait_for_a_slow_store() -> None:
    store, now = SlowStore(), [Instant(0)]
    keys = ApiKeys(store)
    ring = KeyRing(keys, lambda: now[0])
    secret, key = await keys.create("web", ["decide:web"], Instant(0))
    assert await ring.find(secret) == key
    now[0], store.seconds, store.reads = Instant(FRESH), 0.3, 0
    started = time.monotonic()
    assert await asyncio.gather(*(ring.find(secret) for _ in range(5))) == [key] * 5
    assert await ring.find(secret) == key
    assert time.monotonic() - started < 0.2
    assert store.reads == 1
    # The answer is heeded when it comes.
    store.seconds = 0.0
    await keys.revoke(key.id)
    await asyncio.sleep(0.4)
    assert await ring.find(secret) is None


async def test_a_known_key_is_believed_while_the_store_is_away_and_the_store_asked_now_and_then() -> None:
    store, now = SlowStore(), [Instant(0)]
    keys = ApiKeys(store)
    ring = KeyRing(keys, lambda: now[0])
    secret, key = await keys.create("web", ["decide:web"], Instant(0))
    await ring.find(secret)
    store.away, store.reads = True, 0
    for now[0] in (Instant(FRESH), Instant(FRESH + 1), Instant(2 * FRESH), Instant(2 * FRESH + 1)):
        assert await ring.find(secret) == key
    assert store.reads == 2
    with pytest.raises(Unavailable):
        await ring.find("another")


async def test_a_revoked_key_is_refused_by_the_first_call_after_a_while() -> None:
    store, now = SlowStore(), [Instant(0)]
    keys = ApiKeys(store)
    ring = KeyRing(keys, lambda: now[0])
    secret, key = await keys.create("web", ["decide:web"], Instant(0))
    assert ring.fresh(secret) is None
    await ring.find(secret)
    await keys.revoke(key.id)
    now[0] = Instant(FRESH - 1)
    assert ring.fresh(secret) == key
    now[0] = Instant(3_600_000)
    assert ring.fresh(secret) is None
    assert await ring.find(secret) is None
