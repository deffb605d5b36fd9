"""Many decisions at once: same order, errors in place, and the rest goes on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from httpx import AsyncClient

from decision.access.api_keys import ApiKey
from decision.http.bulk import BATCH, _answers
from decision.http.bulk_lines import LINE_LIMIT
from decision.service.concierge import Concierge
from decision.store.memory import MemoryStore
from tests.decision.http.conftest import Caller, HandClock

Line = dict[str, object]


async def ask(client: AsyncClient, body: bytes | AsyncIterator[bytes]) -> list[dict[str, object]]:
    answer = await client.post("/v1/decisions/bulk", content=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_answers_come_in_the_order_of_the_lines(client: AsyncClient) -> None:
    count = 3 * BATCH + 5
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
    body = b'{"placement":"home"}\n' + b"x" * (2 * LINE_LIMIT) + b'\n{"placement":"home"}\n{"placement":"home"}'

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 4099):
            yield body[at : at + 4099]
            await asyncio.sleep(0)

    answers = await ask(client, pieces())
    assert ["offers" in answer for answer in answers] == [True, False, True, True]
    assert answers[1]["line"] == 2


async def test_a_line_is_no_longer_than_one_question(client: AsyncClient) -> None:
    line = b'{"placement":"home"}'
    longest, too_long = line.ljust(LINE_LIMIT), line.ljust(LINE_LIMIT + 1)
    answers = await ask(client, longest + b"\n" + too_long + b"\n" + too_long)
    assert ["offers" in answer for answer in answers] == [True, False, False]
    assert _status(answers[1]) == _status(answers[2]) == 400


async def test_a_slow_store_is_waited_for(
    client: AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_many = store.get_many

    async def slow(keys: Sequence[str]) -> list[bytes | None]:
        await asyncio.sleep(0.2)
        return await get_many(keys)

    await client.put("/v1/customers/ann", json={"consents": {"email": True}})
    monkeypatch.setattr(store, "get_many", slow)
    (answer,) = await ask(client, b'{"placement":"mail","customer":"ann"}')
    assert (answer["degraded"], len(answer["offers"])) == ([], 1)  # type: ignore[arg-type]


async def test_others_are_served_between_the_lines(client: AsyncClient) -> None:
    lines = b'{"placement":"home"}\n' * (2 * BATCH)

    async def longest_gap() -> float:
        """As a share of all the time that the bulk takes."""
        gaps: list[float] = []

        async def watch() -> None:
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0)
                gaps.append(time.perf_counter() - last)
                last = time.perf_counter()

        watching = asyncio.create_task(watch())
        await ask(client, lines)
        watching.cancel()
        return max(gaps) / sum(gaps)

    # Two dozen decisions at a stretch are half of the time, unless other processes keep the loop.
    assert min([await longest_gap() for _ in range(5)]) < 0.35


async def test_who_reads_no_answers_is_not_read_either(concierge: Concierge, clock: HandClock) -> None:
    read, before = 0, asyncio.all_tasks()

    async def lines() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b'{"placement":"home"}\n'

    key = ApiKey("k", "test", ("decide:web",), clock())
    answers = _answers(concierge, key, lines())
    bound = (concierge.bulk_processes.window + 2) * BATCH
    for taken in range(1, 4):
        assert (await anext(answers)).count(b"\n") == BATCH
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert taken * BATCH < read <= taken * BATCH + bound
    await answers.aclose()
    async with asyncio.timeout(5):
        while asyncio.all_tasks() != before:
            await asyncio.sleep(0.01)


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
