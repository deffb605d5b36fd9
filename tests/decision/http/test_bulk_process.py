"""A process of a bulk answers in order, and does not leave its worker waiting for what it cannot answer."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from decision.access.api_keys import ApiKey
from decision.clock import wall_clock
from decision.composition import compose, open_bulk_service
from decision.http.bulk_process import AT_ONCE, answer, serve
from decision.service.bulk.frame import Batch, Line, encode_batch, frame, read_frame, serving
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.redis import RedisStore
from tests.decision.http.conftest import NOW
from tests.decision.service.conftest import publish

SECONDS = 20.0
KEY = ApiKey("k", "test", ("decide:web",), NOW)


def batch(concierge: Concierge, number: int) -> bytes:
    lines: list[Line] = [(number, b'{"placement":"home","visitor":"v%d"}' % number)]
    return frame(encode_batch(Batch(KEY, serving(concierge.refresher.snapshot), lines)))


async def answered(concierge: Concierge, count: int) -> list[str]:
    """Who was decided for, of so many batches, until the process has ended."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    theirs_reader, theirs_writer = await asyncio.open_connection(sock=theirs)
    process = asyncio.create_task(serve(concierge, theirs_reader, theirs_writer))
    process.add_done_callback(lambda _: theirs_writer.close())
    visitors: list[str] = []
    try:
        for number in range(count):
            writer.write(batch(concierge, number))
        async with asyncio.timeout(SECONDS):
            while len(visitors) < count and (body := await read_frame(reader)) is not None:
                visitors += [json.loads(line)["visitor"] for line in body.splitlines()]
            writer.close()
            await process
    finally:
        writer.close()
        process.cancel()
    return visitors


async def test_batches_are_answered_in_their_order(concierge: Concierge) -> None:
    assert await answered(concierge, 3 * AT_ONCE) == [f"v{number}" for number in range(3 * AT_ONCE)]


async def test_what_goes_wrong_with_a_batch_ends_the_process(
    concierge: Concierge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("decision.http.bulk_process.answer_lines", broken)
    with pytest.raises(ExceptionGroup) as error:
        await answered(concierge, 3 * AT_ONCE)
    assert error.group_contains(ZeroDivisionError)


async def test_without_work_nothing_new_is_built_until_a_batch_asks_for_it(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    settings = Settings(store=valkey_url, data=str(tmp_path), refresh_seconds=0.01)
    worker = compose(valkey_store, settings, wall_clock)
    await publish(worker)
    async with open_bulk_service(settings) as process:
        before = serving(process.refresher.snapshot)
        assert before == serving(worker.refresher.snapshot)
        await publish(worker, contact_policy=False)
        newer = serving(worker.refresher.snapshot)
        assert newer != before
        await asyncio.sleep(0.5)
        assert serving(process.refresher.snapshot) == before
        line = (1, b'{"placement":"home","visitor":"v1"}')
        (body,) = (await answer(process, Batch(KEY, newer, [line]))).splitlines()
        assert json.loads(body)["catalogue"] == newer[0]
        assert serving(process.refresher.snapshot) == newer
