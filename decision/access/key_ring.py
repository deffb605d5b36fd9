"""API keys at hand: read through the store, kept for a while, and kept longer when the store is away or slow."""

import asyncio

from decision.access.api_keys import ApiKey, ApiKeys
from decision.clock import Clock
from rules.errors import Unavailable
from rules.ids import Instant

FRESH = 5_000
"""Milliseconds for which a key is believed without asking the store again; a revoked key dies within them."""

PATIENCE_SECONDS = 0.05
"""How long a call with a key that is known waits for the store to confirm it."""

_MOST = 10_000


class KeyRing:
    """Keys that were presented lately, by secret; only known ones are kept, so guessing cannot fill it."""

    def __init__(self, keys: ApiKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._held: dict[str, tuple[ApiKey, Instant]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def fresh(self, secret: str) -> ApiKey | None:
        """The key of a secret that is believed without asking, if it is."""
        held = self._held.get(secret)
        return held[0] if held is not None and self._clock() - held[1] < FRESH else None

    async def find(self, secret: str) -> ApiKey | None:
        """The key of a secret, or None; raises `Unavailable` when the store is away and the key was never seen here."""
        held = self._held.get(secret)
        if held is None:
            return await self._read(secret)
        if self._clock() - held[1] >= FRESH:
            asking = self._asking.get(secret)
            if asking is None:
                asking = self._asking[secret] = asyncio.create_task(self._confirm(secret))
            await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
            if secret in self._held and not asking.done():
                # The answer will be heeded when it comes; until then nobody else waits for it.
                self._held[secret] = (held[0], self._clock())
            held = self._held.get(secret)
        return None if held is None else held[0]

    async def _confirm(self, secret: str) -> None:
        """Look whether a held key still exists; without an answer it is believed for another while."""
        try:
            await self._read(secret)
        except Unavailable:
            if secret in self._held:
                self._held[secret] = (self._held[secret][0], self._clock())
        finally:
            del self._asking[secret]

    async def _read(self, secret: str) -> ApiKey | None:
        key = await self._keys.find(secret)
        if key is None:
            self._held.pop(secret, None)
            return None
        if len(self._held) >= _MOST:
            self._held.clear()
        self._held[secret] = (key, self._clock())
        return key
