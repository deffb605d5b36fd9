"""The client against a small HTTP server that says what it was asked."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from loadtest.client import Client
from loadtest.errors import CallFailed
from loadtest.messages import Event, Question, Slate

SLATE = {"decision": "d1", "offers": [{"offer": "a", "rank": 1, "probability": 0.5, "more": 1}], "degraded": []}


class Peer:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, bytes]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((f"{request.method} {request.path}", request.headers.get("authorization"), body))
        if request.path == "/v1/decisions/bulk":
            response = web.StreamResponse()
            await response.prepare(request)
            for number, line in enumerate(body.splitlines()):
                bad = b"bad" in line
                answer = (
                    {"line": number + 1, "error": {}} if bad else {**SLATE, "decision": f"d{number}", "model": None}
                )
                # Lines that straddle packets must come together again.
                raw = msgspec.json.encode(answer) + b"\n"
                await response.write(raw[:20])
                await response.write(raw[20:])
            return response
        if request.path == "/v1/events":
            return web.json_response({"detail": "kind: is missing"}, status=400)
        return web.json_response({**SLATE, "model": "m1"})


@pytest.fixture
async def peer() -> AsyncIterator[tuple[Peer, Client]]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with Client(f"http://{host}:{port}", "secret") as client:
        yield peer, client
    await runner.cleanup()


async def test_a_decision_is_asked_with_the_key_and_timed(peer: tuple[Peer, Client]) -> None:
    server, client = peer
    slate, seconds = await client.decide(Question("home", customer="c", context={"n": 2}, at="2026-01-01T00:00:00Z"))
    assert slate == msgspec.convert({**SLATE, "model": "m1"}, Slate)
    assert 0 < seconds < 5
    ((call, key, body),) = server.asked
    assert (call, key) == ("POST /v1/decisions", "Bearer secret")
    assert msgspec.json.decode(body) == {
        "placement": "home",
        "customer": "c",
        "context": {"n": 2},
        "at": "2026-01-01T00:00:00Z",
    }


async def test_a_campaign_comes_back_in_order(peer: tuple[Peer, Client]) -> None:
    _, client = peer
    slates = [slate async for slate in client.decide_many(Question("mail", customer=f"c{n}") for n in range(300))]
    assert [slate.decision for slate in slates] == [f"d{n}" for n in range(300)]


async def test_an_error_line_of_a_campaign_is_told(peer: tuple[Peer, Client]) -> None:
    _, client = peer
    with pytest.raises(CallFailed, match='"line":2'):
        [slate async for slate in client.decide_many([Question("mail"), Question("bad")])]


async def test_a_refused_call_is_told_with_its_problem(peer: tuple[Peer, Client]) -> None:
    _, client = peer
    with pytest.raises(CallFailed, match=r"POST /v1/events: 400 .*kind: is missing"):
        await client.tell([Event("e", "", customer="c")])
