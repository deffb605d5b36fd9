"""Runs sinks that are killed with SIGKILL: at the nth time they come to a point, or after some milliseconds.

Usage: `doomed_sink.py URL DATA`. Each line of input, `POINT N` or `milliseconds N`, is one sink; the answer is
`killed`, or `ended` when it did not come to the point in twenty seconds. Every sink is a fork of this process, which
has imported everything and done nothing.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from decision.journal.sink import Sink
from decision.store.port import Position
from decision.store.redis import RedisStore

POINTS = ("claimed", "written", "synced", "unrenamed", "renamed", "untrimmed", "trimmed", "milliseconds")


class Doom:
    """Kills this process when it comes to a point for the nth time."""

    def __init__(self, point: str, count: int) -> None:
        self._point = point
        self._left = count

    def at(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(self, point: str, function: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **options: object) -> object:
            result = function(*arguments, **options)
            self.at(point)
            return result

        return wrapped


class DoomedStore(RedisStore):
    """A store whose user may be killed on either side of a trim."""

    doom: Doom

    async def trim_log(self, log: str, through: Position) -> None:
        self.doom.at("untrimmed")
        await super().trim_log(log, through)
        self.doom.at("trimmed")


async def _sink(url: str, data: Path, doom: Doom) -> None:
    store = DoomedStore.connect(url)
    assert isinstance(store, DoomedStore)
    store.doom = doom
    rename = os.rename

    def renaming(old: Path, new: Path) -> None:
        doom.at("unrenamed")
        rename(old, new)
        doom.at("renamed")

    os.rename = renaming  # type: ignore[assignment]
    os.fsync = doom.after("synced", os.fsync)  # type: ignore[assignment]
    pq.ParquetWriter.write_table = doom.after("written", pq.ParquetWriter.write_table)  # type: ignore[method-assign,assignment]
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(20.0, stopping.set)
    async with Sink(store, data, records=20, seconds=0.0) as sink:
        doom.at("claimed")
        await sink.run(stopping)
    await store.close()


def _fork(url: str, data: Path, point: str, count: int) -> str:
    child = os.fork()
    if child == 0:
        if point == "milliseconds":
            threading.Thread(target=_in_time, args=(count,), daemon=True).start()
        asyncio.run(_sink(url, data, Doom(point, count)))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "ended"


def _in_time(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    for line in sys.stdin:
        point, count = line.split()
        print(_fork(sys.argv[1], Path(sys.argv[2]), point, int(count)), flush=True)
