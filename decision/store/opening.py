"""Opens the store that the settings name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from decision.settings import Settings
from decision.store.embedded import EmbeddedServer
from decision.store.port import Store
from decision.store.redis import TIMEOUT, RedisStore
from decision.store.wire import unavailable


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The store at `settings.store`, or the embedded one in the data folder.

    Raises `Unavailable` when it does not answer. A server that says it is part of a cluster is spoken to as a cluster.
    """
    server = None
    url = settings.store
    if not url:
        server = EmbeddedServer(settings.folder)
        await asyncio.to_thread(server.hold)
        url = server.url
    try:
        store = RedisStore.connect(url, cluster=server is None and await _is_cluster(url))
        try:
            await store.ping()
            yield store
        finally:
            await store.close()
    finally:
        if server is not None:
            await asyncio.to_thread(server.release)


async def _is_cluster(url: str) -> bool:
    client = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    try:
        description = await client.info("server")
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    finally:
        await client.aclose()
    return description.get("redis_mode", description.get("server_mode")) == "cluster"
