"""What is asked of a server of one's own, against a real one."""

from pathlib import Path

import redis
from structlog.testing import capture_logs

from decision.composition import open_service
from decision.settings import Settings
from decision.store.durability import weaknesses


async def test_a_server_that_may_lose_writes_is_told_of_once_a_worker_starts(tmp_path: Path, valkey_url: str) -> None:
    assert await weaknesses(valkey_url) == {}
    with redis.Redis.from_url(valkey_url) as client:
        client.config_set("appendfsync", "everysec")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with capture_logs() as lines:
                async with open_service(Settings(store=valkey_url, data=str(tmp_path))):
                    pass
        finally:
            client.config_set("appendfsync", "always")
            client.config_set("maxmemory-policy", "noeviction")
    told = {line["setting"]: line["needed"] for line in lines if line["event"] == "store_may_lose_writes"}
    assert told == {"appendfsync": "always", "maxmemory-policy": "noeviction"}


async def test_a_server_that_does_not_say_is_taken_at_its_word(tmp_path: Path) -> None:
    assert await weaknesses(f"unix://{tmp_path}/nobody.sock") == {}
