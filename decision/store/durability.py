"""Whether a store keeps what it acknowledges: caps and limits are only as exact as that."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from decision.store.redis import TIMEOUT

_NEEDED = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}


async def weaknesses(url: str) -> dict[str, str]:
    """The settings by which the server at `url` may lose what it has acknowledged, each with what it has to be.

    There are none where it cannot be asked; nor is it seen whether it fails over to a replica that lags behind. Of a
    cluster, the node that is named is asked.
    """
    client = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, decode_responses=True)
    try:
        found = await client.config_get(*_NEEDED)
    except (RedisError, OSError):
        return {}
    finally:
        await client.aclose()
    return {name: needed for name, needed in _NEEDED.items() if found.get(name, needed) != needed}
