"""How much memory and processor time a campaign's processes and its store take, watched while they work."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

PAUSE_SECONDS = 1.0
_GROUP, _USER, _SYSTEM = 2, 11, 12
"""Places in a process's `stat`."""


class Consumption:
    """What was seen so far: the most bytes at one moment, and seconds of processor time; None where nobody tells.

    Memory that processes share counts once, in parts (Linux: proportional set size). What a process uses after it was
    last looked at is missed.
    """

    def __init__(self) -> None:
        self.processes: int | None = None
        self.store: int | None = None
        self._seconds: dict[int, float] = {}

    @property
    def seconds(self) -> float | None:
        """Processor time of all processes, the store's too, those that were killed included."""
        return sum(self._seconds.values()) or None

    def look(self, leader: int, store: int | None) -> None:
        """Take what the processes of a group take now, and the store's process."""
        group = _group(leader)
        sizes = [size for process in group if (size := _size(process)) is not None]
        if sizes:
            self.processes = max(self.processes or 0, sum(sizes))
        kept = None if store is None else _size(store)
        if kept is not None:
            self.store = max(self.store or 0, kept)
        for process in (*group, *(() if store is None else (store,))):
            fields = _stat(process)
            if fields:
                self._seconds[process] = (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def watching(self, leader: int, data: Path) -> AsyncIterator[None]:
        """Look now and then at the process group of `leader` and the store of a data folder, until the block ends."""

        async def watch() -> None:
            while True:
                self.look(leader, store_process(data))
                await asyncio.sleep(PAUSE_SECONDS)

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def store_process(data: Path) -> int | None:
    """The process of the embedded store of a data folder; None where none runs."""
    try:
        process = int((data / "store" / "valkey.pid").read_text())
        # A store that was killed leaves its number behind, which may be another process's by now.
        return process if b"valkey" in Path(f"/proc/{process}/cmdline").read_bytes() else None
    except (OSError, ValueError):
        return None


def _group(leader: int) -> list[int]:
    processes = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [process for process in processes if (fields := _stat(process)) and int(fields[_GROUP]) == leader]


def _stat(process: int) -> list[str]:
    """What the system tells of a process, from its state on; empty when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _size(process: int) -> int | None:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
