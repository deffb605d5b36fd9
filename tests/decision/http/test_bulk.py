"""Many decisions at once: same order, errors in place, and the rest goes on."""

import asyncio
import json
from collections.abc import AsyncIterator

from httpx import AsyncClient

from decision.http.bulk import WINDOW
from tests.decision.http.conftest import BODY_LIMIT, Caller

Line = dict[str, object]


async def ask(client: AsyncClient, body: bytes | AsyncIterator[bytes]) -> list[dict[str, object]]:
    answer = await client.post("/v1/decisions/bulk", content=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_answers_come_in_the_order_of_the_lines(client: AsyncClient) -> None:
    count = 3 * WINDOW + 5
    lines = [{"placement": ("home", "call")[at % 2], "customer": f"c{at}"} for at in range(count)]
    answers = await ask(client, b"\n".join(json.dumps(line).encode() for line in lines))
    assert [(answer["placement"], answer["customer"]) for answer in answers] == [
        (line["placement"], line["customer"]) for line in lines
    ]
    assert len({str(answer["decision"]) for answer in answers}) == count


async def test_a_bad_line_becomes_an_error_line(calling: Caller) -> None:
    client = await calling("decide:web")
    lines = [
        b'{"placement":"home"}',
        b"{",
        b"",
        b'{"placement":"nowhere"}',
        b'{"placement":"call"}',
        b'{"placement":"home"}',
    ]
    good, malformed, unknown, forbidden, last = await ask(client, b"\n".join(lines) + b"\n")
    assert good["offers"]
    assert last["offers"]
    assert (malformed["line"], _status(malformed)) == (2, 400)
    assert (unknown["line"], _status(unknown)) == (4, 400)
    assert (forbidden["line"], _status(forbidden)) == (5, 403)


async def test_lines_may_be_cut_anywhere_and_be_too_long(client: AsyncClient) -> None:
    body = b'{"placement":"home"}\n' + b"x" * (2 * BODY_LIMIT) + b'\n{"placement":"home"}\n{"placement":"home"}'

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 4099):
            yield body[at : at + 4099]
            await asyncio.sleep(0)

    answers = await ask(client, pieces())
    assert ["offers" in answer for answer in answers] == [True, False, True, True]
    assert answers[1]["line"] == 2


async def test_nothing_asked_is_nothing_answered(client: AsyncClient) -> None:
    assert await ask(client, b"") == []
    assert await ask(client, b"\n\n") == []


async def test_caps_hold_inside_a_batch(client: AsyncClient) -> None:
    await client.put("/v1/customers/ann", json={"consents": {"email": True}})
    answers = await ask(client, b'{"placement":"mail","customer":"ann"}\n' * 20)
    assert sum(len(answer["offers"]) for answer in answers if isinstance(answer["offers"], list)) == 3


def _status(answer: dict[str, object]) -> int:
    error = answer["error"]
    assert isinstance(error, dict)
    return int(error["status"])
