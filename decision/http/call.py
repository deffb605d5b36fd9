"""A call as it comes in: what its headers say, and its body as bytes."""

import math
import re
from functools import lru_cache
from time import perf_counter

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import Receive, Scope

from rules.errors import Fault, Invalid

JSON = "application/json"
MSGPACK = "application/vnd.msgpack"
MSGPACK_TYPES = frozenset({MSGPACK, "application/msgpack", "application/x-msgpack"})
_TAKEN = MSGPACK_TYPES | {JSON, ""}
"""Without a content type, JSON is meant."""
# What has a quality of zero is what the caller cannot take.
_ACCEPTS_MSGPACK = re.compile(
    rf"(?:{'|'.join(map(re.escape, sorted(MSGPACK_TYPES)))})(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))"
).search
_LONGEST_TYPE = 200


class Call:
    """Reads only what is asked of it, where Litestar's request prepares for all that may be.

    `begun` is when it came in, by `perf_counter`.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.begun = perf_counter()
        self._scope = scope
        self._receive = receive
        # Of several headers of one name the first one counts.
        self._first_headers: dict[bytes, bytes] = dict(reversed(list(scope["headers"])))

    def header(self, name: bytes) -> bytes:
        """The first header of a name (in lower case), or nothing; `headers` would decode them all."""
        return self._first_headers.get(name, b"")

    async def receive_all(self, most: int | None) -> bytes:
        """The whole body, once; raises 413 when it is longer than `most` bytes, `Invalid` when it is broken off."""
        limit = most or math.inf
        announced = self.header(b"content-length")
        if announced.isdigit() and int(announced) > limit:
            raise RequestEntityTooLarge
        pieces: list[bytes] = []
        left, more = limit, True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise Invalid((Fault("body", "was broken off before its end; send it again"),))
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
            left -= len(pieces[-1])
            if left < 0:
                raise RequestEntityTooLarge
        return b"".join(pieces)

    @property
    def readable_type(self) -> str:
        """What the body says it is; one that is not read here is refused with 415, for it was not meant for us."""
        return _read_type(self.header(b"content-type"))

    @property
    def wants_msgpack(self) -> bool:
        """Whether the caller asks for MessagePack."""
        return _takes_msgpack(self.header(b"accept"))

    @property
    def wants_timing(self) -> bool:
        """Whether the caller asks where the time goes; raises `Invalid` for what is neither true nor false."""
        if not self._scope["query_string"]:
            return False
        given = Request(self._scope).query_params.get("timing", "false")
        try:
            return msgspec.convert(given, bool, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid((Fault("timing", str(error)),)) from None


# Callers are few kinds of programs, each of which sends the same headers every time.
@lru_cache(maxsize=64)
def _read_type(header: bytes) -> str:
    kind = header.decode("latin-1").partition(";")[0].strip().lower()
    if kind not in _TAKEN and not kind.endswith("+json"):
        raise HTTPException(
            status_code=415, detail=f"A body of type {kind[:_LONGEST_TYPE]!r} is not read here; send {JSON}."
        )
    return kind


@lru_cache(maxsize=64)
def _takes_msgpack(header: bytes) -> bool:
    return _ACCEPTS_MSGPACK(header.decode("latin-1")) is not None
