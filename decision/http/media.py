"""Answers as JSON, or as MessagePack where the caller asks for it, and what the OpenAPI document says about them."""

from typing import TypeVar

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from decision.http.body import ApiRequest
from decision.http.call import JSON, MSGPACK, Call
from decision.http.problem import PROBLEM_TYPE, Problem
from decision.http.reply import Reply

T = TypeVar("T")

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()

_PROBLEMS = {
    400: "The request is not valid; `errors` names every field.",
    401: "No API key, or an unknown one.",
    403: "The key lacks the needed scope.",
    404: "There is no such thing.",
    409: "The state changed meanwhile; send it again.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here; send JSON or MessagePack.",
    422: "The catalogue or model cannot be published; `errors` names every mistake.",
    500: "What is stored of this customer cannot be read; the detail says what to do.",
    503: "The store does not answer, or nothing is published yet.",
}


def encode(call: Call, content: object, status: int = 200) -> Reply:
    """The reply in the form that the caller asked for, encoded here: Litestar's own encoders take a slower way."""
    if call.wants_msgpack:
        return Reply(_msgpack.encode(content), MSGPACK, status)
    return Reply(_json.encode(content), JSON, status)


def answer(request: ApiRequest, content: T, status: int = 200) -> Response[T]:
    """`encode`, for Litestar to send."""
    return encode(request, content, status).response()


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problem responses of a route, for its OpenAPI description."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=_PROBLEMS[status], media_type=PROBLEM_TYPE)
        for status in statuses
    }
