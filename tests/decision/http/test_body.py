"""A body is gathered from whatever pieces the server gives."""

from typing import Any

import pytest
from litestar.testing import RequestFactory

from decision.http.body import ApiRequest
from decision.http.problem import problem_of
from rules.errors import Invalid


def gathering(*pieces: Any) -> ApiRequest:
    left = list(pieces)

    async def receive() -> Any:
        return left.pop(0)

    async def send(_: Any) -> None:
        raise AssertionError("nothing is sent")

    return ApiRequest(RequestFactory().post("/").scope, receive, send)


async def test_a_message_without_a_body_is_an_empty_piece() -> None:
    request = gathering(
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.request", "body": b"}", "more_body": True},
        {"type": "http.request"},
    )
    assert await request.receive_all(None) == b"{}"


async def test_a_body_that_is_broken_off_is_the_callers_fault() -> None:
    request = gathering({"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
    with pytest.raises(Invalid) as refused:
        await request.receive_all(None)
    assert problem_of(refused.value).status == 400
