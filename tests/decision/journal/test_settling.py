"""Settling: what is acknowledged is in a segment, whoever moves it."""

import asyncio
from pathlib import Path

import pytest

from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.settling import settle, settled
from decision.journal.sink import Sink, SinkRuns
from decision.keys import JOURNAL
from decision.store.memory import MemoryStore
from rules.errors import Conflict, Unavailable
from tests.decision.journal.records import event


def ids(data: Path) -> list[str]:
    with open_journal(data) as journal:
        return sorted(id for (id,) in journal.execute("SELECT id FROM journal").fetchall())


async def test_without_a_sink_the_log_is_moved_here(tmp_path: Path) -> None:
    store = MemoryStore()
    await settle(store, tmp_path)
    await Journal(store, tmp_path).append(event("e1"))
    await settle(store, tmp_path)
    assert ids(tmp_path) == ["e1"]
    assert await store.log_length(JOURNAL) == 0


async def test_a_running_sink_is_waited_for(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    async with Sink(store, tmp_path) as sink:
        await settle(store, tmp_path)
        await journal.append(event("e1"))
        waiting = asyncio.create_task(settle(store, tmp_path))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await sink.move()
        await journal.append(event("e2"))
        await asyncio.wait_for(waiting, 5)
    assert ids(tmp_path) == ["e1"]


async def test_a_sink_that_ends_leaves_the_rest_to_who_waits(tmp_path: Path) -> None:
    store = MemoryStore()
    await Journal(store, tmp_path).append(event("e1"))
    async with Sink(store, tmp_path):
        waiting = asyncio.create_task(settle(store, tmp_path))
        await asyncio.sleep(0.05)
    await asyncio.wait_for(waiting, 5)
    assert ids(tmp_path) == ["e1"]


async def test_a_sink_that_does_not_get_on_is_named(tmp_path: Path) -> None:
    store = MemoryStore()
    await Journal(store, tmp_path).append(event("e1"))
    async with Sink(store, tmp_path):
        with pytest.raises(Unavailable, match="end it and try again"):
            await settle(store, tmp_path, patience=0.05)


async def test_a_log_that_belongs_to_another_folder_is_refused_at_once(tmp_path: Path) -> None:
    store = MemoryStore()
    await settle(store, tmp_path / "one")
    with pytest.raises(Conflict, match="one") as refused:
        await settle(store, tmp_path / "two")
    assert not isinstance(refused.value, SinkRuns)


async def test_what_is_written_inside_is_in_segments_afterwards(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    await journal.append(event("e1"))
    async with settled(store, tmp_path):
        assert ids(tmp_path) == ["e1"]
        await journal.append(event("e2"))
        with pytest.raises(SinkRuns):
            await Sink(store, tmp_path).__aenter__()
    assert ids(tmp_path) == ["e1", "e2"]


async def test_a_running_sink_stays_the_one(tmp_path: Path) -> None:
    store = MemoryStore()
    async with Sink(store, tmp_path) as sink:
        async with settled(store, tmp_path):
            await Journal(store, tmp_path).append(event("e1"))
        assert ids(tmp_path) == []
        await sink.drain()
    assert ids(tmp_path) == ["e1"]
