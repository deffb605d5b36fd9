"""Waiting for the sink: readers of segments that must see everything acknowledged so far begin here."""

import asyncio
from pathlib import Path

from decision.journal.sink import Sink
from decision.keys import JOURNAL
from decision.store.port import START, Store, position_key
from rules.errors import Conflict, Unavailable

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 120.0


async def settle(store: Store, data: Path) -> None:
    """Return once every record that is in the log now is in a segment below the data folder.

    Moves the log itself when no sink runs, else waits for the one that does; raises `Unavailable` when that one does
    not get on.
    """
    try:
        async with Sink(store, data) as sink:
            await sink.drain()
            return
    except Conflict:
        pass
    entry = await _newest(store)
    if entry is None:
        return
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while loop.time() < deadline:
        oldest = await store.read_log(JOURNAL, START, 1)
        if not oldest or position_key(oldest[0][0]) > entry:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise Unavailable(
        f"The sink did not move the journal within {PATIENCE_SECONDS:.0f} s; "
        "look at its log lines, or end it and try again."
    )


async def _newest(store: Store) -> tuple[int, int] | None:
    """The position of the newest entry of the log."""
    newest, after = None, START
    while page := await store.read_log(JOURNAL, after, 1_000):
        after = page[-1][0]
        newest = position_key(after)
    return newest
