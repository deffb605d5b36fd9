"""API keys: who may call what. Only the hash of a secret is stored."""

import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from decision.keys import API_KEYS, api_key_key
from decision.store.port import Store
from rules.errors import NotFound
from rules.ids import Instant


class ApiKey(msgspec.Struct, frozen=True):
    """A client's key as it is stored; `id` is the start of the secret's hash."""

    id: str
    client: str
    scopes: tuple[str, ...]
    created: Instant


_key = msgspec.msgpack.Decoder(ApiKey)


def _hash(secret: str) -> str:
    # Secrets are 256 random bits, so one fast hash is enough: there is nothing to guess.
    return sha256(secret.encode()).hexdigest()


class ApiKeys:
    """The API keys of all clients; `token` draws a new secret."""

    def __init__(
        self, store: Store, token: Callable[[], str] = lambda: f"concierge_{secrets.token_urlsafe(32)}"
    ) -> None:
        self._store = store
        self._token = token

    async def create(self, client: str, scopes: Sequence[str], now: Instant) -> tuple[str, ApiKey]:
        """A new key: its secret, which nobody can read again, and what is stored of it."""
        secret = self._token()
        hash = _hash(secret)
        key = ApiKey(hash[:12], client, tuple(scopes), now)
        await self._store.put(api_key_key(hash), msgspec.msgpack.encode(key))
        await self._store.add_members(API_KEYS, [hash])
        return secret, key

    async def find(self, secret: str) -> ApiKey | None:
        """The key with this secret."""
        (blob,) = await self._store.get_many([api_key_key(_hash(secret))])
        return None if blob is None else _key.decode(blob)

    async def all(self) -> list[ApiKey]:
        """All keys, by client and age."""
        hashes = sorted(await self._store.members(API_KEYS))
        blobs = await self._store.get_many([api_key_key(hash) for hash in hashes])
        keys = [_key.decode(blob) for blob in blobs if blob is not None]
        return sorted(keys, key=lambda key: (key.client, key.created))

    async def revoke(self, id: str) -> ApiKey:
        """Make a key worthless; raises `NotFound` for an unknown id."""
        for hash in await self._store.members(API_KEYS):
            if hash[:12] == id:
                (blob,) = await self._store.get_many([api_key_key(hash)])
                await self._store.delete([api_key_key(hash)])
                await self._store.remove_members(API_KEYS, [hash])
                if blob is not None:
                    return _key.decode(blob)
        raise NotFound(f"There is no API key with id {id!r}; list the keys to see their ids.")
