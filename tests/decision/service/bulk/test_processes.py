"""Bulk processes answer as their worker would, and nothing is lost when one of them is."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from decision.access.api_keys import ApiKey
from decision.clock import wall_clock
from decision.composition import compose
from decision.http.bulk_lines import answer_lines
from decision.journal.record import DecisionRecord
from decision.service.bulk.frame import Batch, Line, serving
from decision.service.bulk.passage import Passage
from decision.service.bulk.process import BulkProcess
from decision.service.bulk.processes import WORTH, BulkProcesses
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.errors import Unavailable
from tests.decision.journal.records import log_records
from tests.decision.service.conftest import NOW, publish

SECONDS = 120.0
"""Longer than anything takes that gives way to whoever else wants the cores."""

KEY = ApiKey("k", "test", ("decide:web", "decide:call-center"), NOW)


@pytest.fixture
async def concierge(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Concierge:
    """A service whose processes find the same store by their environment."""
    monkeypatch.setenv("CONCIERGE_STORE", valkey_url)
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path))
    monkeypatch.setenv("CONCIERGE_LOG_LEVEL", "warning")
    service = compose(valkey_store, Settings(store=valkey_url, data=str(tmp_path)), wall_clock)
    await publish(service)
    return service


def batch(concierge: Concierge, count: int = WORTH, first: int = 1) -> Batch:
    """Different people at different placements; one line that cannot be read, and one that may not be asked."""
    lines: list[Line] = [
        (number, b'{"placement":"%s","customer":"c%d"}' % ((b"home", b"call")[number % 2], number))
        for number in range(first, first + count)
    ]
    lines[3:5] = [(first + 3, b"{"), (first + 4, b'{"placement":"mail","customer":"ann"}')]
    return Batch(KEY, serving(concierge.refresher.snapshot), lines)


def read(answers: bytes | None) -> list[dict[str, object]]:
    assert answers is not None
    return [json.loads(line) for line in answers.splitlines()]


def outline(answers: list[dict[str, object]]) -> list[object]:
    """What is the same whoever decides: slates are drawn."""
    return [
        (answer["placement"], answer["customer"], answer["catalogue"], answer["degraded"])
        if "decision" in answer
        else answer
        for answer in answers
    ]


@asynccontextmanager
async def running(concierge: Concierge, idle_seconds: float = 60.0) -> AsyncIterator[BulkProcesses]:
    """One process, ready."""
    processes = BulkProcesses(1, Passage(lambda: 0), idle_seconds)
    try:
        assert await processes.answer(batch(concierge)) is None
        await reached(lambda: bool(processes.ready))
        yield processes
    finally:
        await processes.close()
    assert processes.ready == []


async def reached(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not wanted():
            await asyncio.sleep(0.01)


async def test_a_process_answers_as_its_worker_would_and_writes_down_what_it_decides(
    concierge: Concierge, valkey_store: RedisStore
) -> None:
    asked = [batch(concierge, first=1 + at * WORTH) for at in range(3)]
    async with running(concierge) as processes:
        process = processes.ready[0].number
        answered = await asyncio.gather(*(processes.answer(each) for each in asked))
        journalled = await log_records(valkey_store)
        assert psutil.Process(process).nice() == 19
        # It is never behind its worker.
        await publish(concierge, contact_policy=False)
        (newer, *_) = read(await processes.answer(batch(concierge)))
        assert concierge.refresher.snapshot is not None
        assert newer["catalogue"] == concierge.refresher.snapshot.catalogue.version
        await publish(concierge)
    assert not psutil.pid_exists(process)
    there = [read(answers) for answers in answered]
    here = [read(await answer_lines(concierge, KEY, each.lines)) for each in asked]
    assert [outline(answers) for answers in there] == [outline(answers) for answers in here]
    decided = [answer["decision"] for answers in there for answer in answers if "decision" in answer]
    assert len(decided) == 3 * (WORTH - 2)
    records = [record for record in journalled if isinstance(record, DecisionRecord)]
    assert sorted(record.id for record in records) == sorted(map(str, decided))
    for record in records[:4]:
        assert (await concierge.explaining.explain(record.id)).replayed_equal is True


async def test_what_a_dying_or_silent_process_leaves_is_for_the_worker_and_another_one_comes(
    concierge: Concierge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(concierge) as processes:
        first = processes.ready[0].number
        os.kill(first, signal.SIGSTOP)
        batches = [asyncio.create_task(processes.answer(batch(concierge))) for _ in range(3)]
        await reached(lambda: processes.ready[0].load == 3)
        os.kill(first, signal.SIGKILL)
        assert [await each for each in batches] == [None] * 3
        await reached(lambda: bool(processes.ready) and processes.ready[0].number != first)
        assert len(read(await processes.answer(batch(concierge)))) == WORTH
        monkeypatch.setattr("decision.service.bulk.process.SILENT_SECONDS", 0.2)
        second = processes.ready[0].number
        os.kill(second, signal.SIGSTOP)
        async with asyncio.timeout(SECONDS):
            assert await processes.answer(batch(concierge)) is None
        await reached(lambda: not psutil.pid_exists(second))


async def test_processes_begin_with_the_first_large_batch_and_end_when_there_is_none(concierge: Concierge) -> None:
    async with running(concierge, idle_seconds=0.2) as processes:
        (process,) = [each.number for each in processes.ready]
        await reached(lambda: not processes.ready)
        await reached(lambda: not psutil.pid_exists(process) and not vars(processes)["_tending"])
        assert await processes.answer(batch(concierge, WORTH - 1)) is None
        assert not vars(processes)["_tending"]


async def test_a_process_that_says_more_than_it_was_asked_is_ended(
    concierge: Concierge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.process.MODULE", "tests.decision.service.bulk.babbler")
    process = BulkProcess()
    with suppress(Unavailable):
        await process.start()
    async with asyncio.timeout(SECONDS):
        await process.gone.wait()
    with pytest.raises(Unavailable):
        await process.answer(batch(concierge))
    await process.close()
    assert not psutil.pid_exists(process.number)


async def test_processes_that_cannot_start_are_tried_more_and_more_seldom_and_given_up(
    concierge: Concierge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.processes.RESTART_SECONDS", 0.05)
    monkeypatch.setattr("decision.service.bulk.process.MODULE", "decision.nowhere")
    processes = BulkProcesses(1, Passage(lambda: 0), idle_seconds=0.2)
    others = {child.pid for child in psutil.Process().children()}
    begun: dict[int, float] = {}
    while len(begun) < 4:
        assert await processes.answer(batch(concierge)) is None
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                begun.setdefault(child.pid, child.create_time())
        begun = {pid: moment for pid, moment in begun.items() if pid not in others}
        await asyncio.sleep(0.005)
    # A process that came and went unseen makes a rest longer; the system tells beginnings to a hundredth of a second.
    rests = [after - before for before, after in pairwise(sorted(begun.values()))]
    assert all(rest > 0.05 * 2.0**number - 0.02 for number, rest in enumerate(rests))
    await reached(lambda: not vars(processes)["_tending"])
