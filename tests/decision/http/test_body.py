"""A body is gathered from whatever pieces the server gives."""

from typing import Any

from litestar.testing import RequestFactory

from decision.http.body import ApiRequest


async def test_a_message_without_a_body_is_an_empty_piece() -> None:
    pieces: list[Any] = [
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.request", "body": b"}", "more_body": True},
        {"type": "http.request"},
    ]

    async def receive() -> Any:
        return pieces.pop(0)

    async def send(_: Any) -> None:
        raise AssertionError("nothing is sent")

    assert await ApiRequest(RequestFactory().post("/").scope, receive, send).receive_all(None) == b"{}"
