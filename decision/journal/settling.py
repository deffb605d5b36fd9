"""Waiting for the sink: readers of segments that must see everything acknowledged so far begin here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from decision.journal.sink import Sink, SinkRuns
from decision.keys import JOURNAL
from decision.store.port import START, Position, Store, position_key
from rules.errors import Unavailable

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
"""How long another sink may move nothing before it counts as stuck."""

PAGE = 100


async def settle(store: Store, data: Path, patience: float = PATIENCE_SECONDS) -> None:
    """Return once every record that is in the log now is in a segment below the data folder.

    Moves the log itself when no sink runs, else waits for the one that does; raises `Unavailable` when that one does
    not get on, `Conflict` when the log belongs to another folder.
    """
    newest: Position | None = None
    oldest: Position | None = None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        try:
            # Tried again and again, for the other sink may end before it is done.
            async with Sink(store, data) as sink:
                await sink.drain()
                return
        except SinkRuns:
            pass
        newest = newest or await _newest(store)
        first = await store.read_log(JOURNAL, START, 1)
        if newest is None or not first or position_key(first[0][0]) > position_key(newest):
            return
        if first[0][0] != oldest:
            oldest, deadline = first[0][0], loop.time() + patience
        if loop.time() >= deadline:
            raise Unavailable(
                f"Another sink holds {data / 'journal'}, but moved nothing for {patience:.0f} s; "
                "look at its log lines, or end it and try again."
            )
        await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def settled(store: Store, data: Path) -> AsyncIterator[None]:
    """Begin with a settled log and, when no sink runs, move it meanwhile and at the end.

    For whoever writes much: without a sink the log would grow in the store's memory.
    """
    await settle(store, data)
    sink = Sink(store, data)
    try:
        await sink.__aenter__()
    except SinkRuns:
        yield
        return
    try:
        stopping = asyncio.Event()
        moving = asyncio.create_task(sink.run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await moving
    finally:
        await sink.__aexit__(None, None, None)


async def _newest(store: Store) -> Position | None:
    """The position of the newest entry of the log."""
    newest, after = None, START
    while page := await store.read_log(JOURNAL, after, PAGE):
        newest = after = page[-1][0]
    return newest
