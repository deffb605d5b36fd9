"""Who is calling, and may they: bearer keys and scopes."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from decision.access.api_keys import ApiKey
from decision.access.key_ring import KeyRing
from decision.http.body import ApiRequest
from decision.http.call import Call
from rules.errors import Forbidden, Unauthorised

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


@lru_cache(maxsize=128)
def _secret_in(header: bytes) -> str:
    scheme, _, secret = header.decode("latin-1").partition(" ")
    secret = secret.strip()
    if not secret or scheme.lower() != "bearer":
        raise Unauthorised("Send the header `Authorization: Bearer KEY`; `concierge keys create` makes a key.")
    return secret


def held(call: Call, ring: KeyRing) -> ApiKey | None:
    """The caller's key if nobody has to be asked for it; raises `Unauthorised` where none is named."""
    return ring.fresh(_secret_in(call.header(b"authorization")))


async def identify(call: Call, ring: KeyRing) -> ApiKey:
    """The caller's key, from the `Authorization` header; raises `Unauthorised` without a known one."""
    key = await ring.find(_secret_in(call.header(b"authorization")))
    if key is None:
        raise Unauthorised("This key is not known, or it was revoked; `concierge keys create` makes a new one.")
    return key


async def _identify(connection: ASGIConnection[Any, Any, Any, Any]) -> ApiKey:
    key = await identify(cast("ApiRequest", connection), connection.app.state.key_ring)
    connection.scope["user"] = key
    return key


def require(key: ApiKey, scope: str) -> None:
    """Raise `Forbidden` unless the key has a scope; `admin` has them all."""
    if scope not in key.scopes and "admin" not in key.scopes:
        raise Forbidden(f"The key of {key.client!r} lacks the scope {scope!r}; create one that has it.")


def needs(scope: str) -> Guard:
    """A guard that lets only keys with a scope pass."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        require(await _identify(connection), scope)

    return guard


async def known(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard for calls whose scope depends on the body: any known key passes."""
    await _identify(connection)
