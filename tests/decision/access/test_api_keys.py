"""API keys: found by their secret, which is stored nowhere."""

import pytest

from decision.access.api_keys import ApiKeys
from decision.store.memory import MemoryStore
from rules.errors import NotFound
from rules.ids import Instant


async def test_a_key_is_found_by_its_secret_until_it_is_revoked() -> None:
    keys = ApiKeys(MemoryStore())
    secret, key = await keys.create("shop", ["decide:web", "outcomes"], Instant(5))
    assert await keys.find(secret) == key
    assert (key.client, key.scopes, key.created) == ("shop", ("decide:web", "outcomes"), 5)
    assert await keys.find(secret + "x") is None
    assert await keys.find("") is None
    assert await keys.revoke(key.id) == key
    assert await keys.find(secret) is None
    assert await keys.all() == []
    with pytest.raises(NotFound, match="list the keys"):
        await keys.revoke(key.id)


async def test_secrets_differ_and_none_is_in_the_store() -> None:
    store = MemoryStore()
    keys = ApiKeys(store)
    secrets = [(await keys.create("shop", [], Instant(n)))[0] for n in range(5)]
    assert len(set(secrets)) == 5
    kept = repr(vars(store))
    assert not any(secret in kept or secret.removeprefix("concierge_") in kept for secret in secrets)
    assert [key.created for key in await keys.all()] == [0, 1, 2, 3, 4]
