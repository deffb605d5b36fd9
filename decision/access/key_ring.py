"""API keys at hand: read through the store, kept for a while, and kept longer when the store is away."""

from decision.access.api_keys import ApiKey, ApiKeys
from decision.clock import Clock
from rules.errors import Unavailable
from rules.ids import Instant

FRESH = 5_000
"""Milliseconds for which a key is believed without asking the store again; a revoked key dies within them."""

_MOST = 10_000


class KeyRing:
    """Keys that were presented lately, by secret; only known ones are kept, so guessing cannot fill it."""

    def __init__(self, keys: ApiKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._held: dict[str, tuple[ApiKey, Instant]] = {}

    async def find(self, secret: str) -> ApiKey | None:
        """The key of a secret, or None; raises `Unavailable` when the store is away and the key was never seen here."""
        now = self._clock()
        held = self._held.get(secret)
        if held is not None and now - held[1] < FRESH:
            return held[0]
        try:
            key = await self._keys.find(secret)
        except Unavailable:
            if held is None:
                raise
            return held[0]
        if key is None:
            self._held.pop(secret, None)
            return None
        if len(self._held) >= _MOST:
            self._held.clear()
        self._held[secret] = (key, now)
        return key
