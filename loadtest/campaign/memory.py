"""How much memory a campaign's processes and its store take, watched while they work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

PAUSE_SECONDS = 0.5


class Peak:
    """The most that was seen at one moment, in bytes; None where the system does not tell.

    Memory that processes share counts once, in parts (Linux: proportional set size).
    """

    def __init__(self) -> None:
        self.processes: int | None = None
        self.store: int | None = None

    def look(self, leader: int, store: int | None) -> None:
        """Take what the processes of a group take now, and the store's process."""
        group = [size for process in _group(leader) if (size := _size(process)) is not None]
        if group:
            self.processes = max(self.processes or 0, sum(group))
        kept = None if store is None else _size(store)
        if kept is not None:
            self.store = max(self.store or 0, kept)

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
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader:
            found.append(int(folder.name))
    return found


def _size(process: int) -> int | None:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
