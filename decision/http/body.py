"""Request bodies, decoded strictly into their declared type; a refused one names every field that is wrong."""

import re
from collections.abc import Iterator, Sized
from functools import lru_cache
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Receive, Scope, Send

from decision.access.api_keys import ApiKey
from decision.http.call import JSON, MSGPACK_TYPES, Call
from rules.errors import MOST_FAULTS, Fault, Invalid

_LOCATION = re.compile(r" - at `.*`$")
_LONGEST_NAME = 200


class ApiRequest(Call, Request[ApiKey, str, State]):
    """A request whose body becomes the type of its handler's `data`; raises `Invalid` with every fault."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        Call.__init__(self, scope, receive)
        Request.__init__(self, scope, receive, send)
        self._whole: bytes | None = None

    async def body(self) -> bytes:
        """The whole body, which Litestar's own gathers from a stream of pieces; raises 413 when it is too large."""
        if self._whole is None:
            self._whole = await self.receive_all(self.route_handler.resolve_request_max_body_size())
        return self._whole

    async def json(self) -> Any:
        """The body as the handler's type, from JSON, or from MessagePack when the content type says so."""
        field = self.route_handler.parsed_data_field
        return decode_body(await self.body(), field.annotation if field else Any, self.readable_type)


def decode_body(body: bytes, kind: Any, content_type: str = JSON) -> Any:
    """The body as `kind`; raises `Invalid` naming every field that is wrong."""
    if not body:
        raise Invalid((Fault("body", "is missing; send one"),))
    binary = content_type in MSGPACK_TYPES
    try:
        return _decoder(kind, binary).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        refusal = error
    try:
        raw = _decoder(Any, binary).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        form = "MessagePack" if binary else "JSON"
        raise Invalid((Fault("body", f"is not {form}: {error}"),)) from None
    faults = tuple(islice(find_faults(raw, kind, ""), MOST_FAULTS + 1))
    raise Invalid(faults or (Fault("body", str(refusal)),)) from None


@lru_cache(maxsize=128)
def _decoder(kind: Any, binary: bool) -> Any:
    return msgspec.msgpack.Decoder(kind) if binary else msgspec.json.Decoder(kind)


def find_faults(raw: object, kind: Any, path: str) -> Iterator[Fault]:
    """Every place where a decoded value does not fit a type, deepest first; `path` is where the value stands.

    What is inside something that is too long is not looked at.
    """
    try:
        msgspec.convert(raw, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        deeper = False
        for fault in _inside(raw, kind, path):
            deeper = True
            yield fault
        if not deeper:
            yield Fault(path or "body", _LOCATION.sub("", str(error)))


def _inside(raw: object, kind: Any, path: str) -> Iterator[Fault]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        if not _too_long(raw, inner[1:]):
            yield from _inside(raw, inner[0], path)
    elif origin in (Union, UnionType):
        wanted = next((option for option in inner if _shaped(raw, option)), None)
        if wanted is not None:
            yield from _inside(raw, wanted, path)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(raw, dict):
        yield from _inside_struct(raw, kind, path)
    elif origin in (list, tuple) and isinstance(raw, list):
        for at, item in enumerate(raw):
            yield from find_faults(item, inner[0], f"{path}[{at}]")
    elif origin is dict and isinstance(raw, dict):
        for key, item in raw.items():
            yield from find_faults(key, inner[0], _join(path, key))
            yield from find_faults(item, inner[1], _join(path, key))


def _too_long(raw: object, notes: tuple[object, ...]) -> bool:
    limits = [note.max_length for note in notes if isinstance(note, msgspec.Meta) and note.max_length is not None]
    return isinstance(raw, Sized) and any(len(raw) > limit for limit in limits)


def _shaped(raw: object, kind: Any) -> bool:
    """Whether a value has the outer shape of a union's member, so that its faults are worth naming."""
    if get_origin(kind) is Annotated:
        return _shaped(raw, get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return isinstance(raw, dict)
    return get_origin(kind) is type(raw) or (get_origin(kind) is tuple and isinstance(raw, list))


def _inside_struct(raw: dict[object, object], kind: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name in raw:
            yield from find_faults(raw[name], field.type, _join(path, name))
        elif field.required:
            yield Fault(_join(path, name), "is required")
    if kind.__struct_config__.forbid_unknown_fields:
        known = ", ".join(fields)
        for key in raw:
            if key not in fields:
                yield Fault(_join(path, key), f"is not a field here; known are {known}")


def _join(path: str, key: object) -> str:
    name = str(key)
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return f"{path}.{name}" if path else name
