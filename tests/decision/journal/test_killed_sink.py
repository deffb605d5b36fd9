"""A sink killed anywhere, again and again, while records keep coming: none is missing and none is double."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from decision.journal.folder import JournalFolder
from decision.journal.journal import Journal
from decision.journal.sink import Sink
from decision.keys import JOURNAL
from decision.store.redis import RedisStore
from tests.decision.journal import doomed_sink
from tests.decision.journal.records import decision, event

KILLS = 32


async def test_no_record_is_missing_or_double(valkey_url: str, valkey_store: RedisStore, tmp_path: Path) -> None:
    journal = Journal(valkey_store, tmp_path)
    acknowledged: list[str] = []

    async def keep_writing(writer: int) -> None:
        for number in range(1_000_000):
            id = f"{writer}-{number}"
            await journal.append(decision(id) if number % 5 == 0 else event(id))
            acknowledged.append(id)
            await asyncio.sleep(0.005)

    writers = [asyncio.create_task(keep_writing(writer)) for writer in range(8)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        doomed_sink.__file__,
        valkey_url,
        str(tmp_path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    drawn = random.Random()
    ends: Counter[tuple[str, str]] = Counter()
    for kill in range(KILLS):
        point = doomed_sink.POINTS[kill % len(doomed_sink.POINTS)]
        count = (
            drawn.randrange(1, 120) if point == "milliseconds" else 1 if point == "claimed" else drawn.randrange(1, 8)
        )
        process.stdin.write(f"{point} {count}\n".encode())
        await process.stdin.drain()
        ends[point, (await process.stdout.readline()).decode().strip()] += 1
    process.stdin.close()
    await process.wait()
    for task in writers:
        task.cancel()
    await asyncio.gather(*writers, return_exceptions=True)

    assert set(ends) == {(point, "killed") for point in doomed_sink.POINTS}
    async with Sink(valkey_store, tmp_path, records=100) as sink:
        await sink.drain()
    assert await valkey_store.log_length(JOURNAL) == 0
    moved = Counter(id for segment in JournalFolder(tmp_path).segments() for id in _ids(segment.path))
    assert {id: count for id, count in moved.items() if count > 1} == {}
    # An append that was under way when its writer was cancelled may have happened; nothing else may be there.
    assert set(acknowledged) <= set(moved)
    assert len(moved) - len(acknowledged) <= len(writers)
    assert len(acknowledged) > 200


def _ids(path: Path) -> list[str]:
    return [str(id) for id in pq.read_table(path, columns=["id"], partitioning=None).column("id").to_pylist()]
