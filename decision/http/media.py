"""Answers as JSON, or as MessagePack where the caller asks for it, and what the OpenAPI document says about them."""

from typing import TypeVar, cast

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import Send

from decision.http.body import JSON, MSGPACK, ApiRequest
from decision.http.problem import PROBLEM_TYPE, Problem

T = TypeVar("T")

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()

_KINDS = {kind: (b"content-type", kind.encode()) for kind in (JSON, MSGPACK)}

_PROBLEMS = {
    400: "The request is not valid; `errors` names every field.",
    401: "No API key, or an unknown one.",
    403: "The key lacks the needed scope.",
    404: "There is no such thing.",
    409: "The state changed meanwhile; send it again.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here; send JSON or MessagePack.",
    422: "The catalogue or model cannot be published; `errors` names every mistake.",
    503: "The store does not answer, or nothing is published yet.",
}


def answer(request: ApiRequest, content: T, status: int = 200) -> Response[T]:
    """The response in the form that the caller asked for, encoded here: Litestar's own encoders take a slower way."""
    binary = request.wants_msgpack
    body = _msgpack.encode(content) if binary else _json.encode(content)
    return Response(cast("T", body), status_code=status, media_type=MSGPACK if binary else JSON)


async def send_answer(response: Response[T], send: Send) -> None:
    """Send what `answer` made; Litestar would look through it once more before it does the same."""
    body = cast("bytes", response.content)
    status = response.status_code or 200
    headers = [_KINDS[str(response.media_type)], (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problem responses of a route, for its OpenAPI description."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=_PROBLEMS[status], media_type=PROBLEM_TYPE)
        for status in statuses
    }
