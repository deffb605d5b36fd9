"""The sink: moves the log into segments, each record exactly once, wherever it is killed.

The name of a segment says which positions it holds, and a file appears under its name whole or not at all. So what was
moved is known from the names alone: a sink that starts trims the log up to there and goes on behind it. A log that
starts anew (a lost or replaced store) has another incarnation, whose positions count apart.
"""

import asyncio
import fcntl
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from decision.journal.bundle import records_in
from decision.journal.compaction import compact
from decision.journal.folder import JournalFolder, date_of
from decision.journal.segment import segment_table
from decision.keys import INCARNATION, JOURNAL, JOURNAL_FOLDER
from decision.store.port import START, Position, Store
from rules.errors import Conflict, Unavailable

POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0
PAGE = 100
"""Records read, or entries trimmed, at once: some hundred kilobytes, for the store answers nobody else meanwhile."""

SUPPOSED = 4
"""Records that an entry is supposed to hold at least, until it is known what bulks wrote since the last read."""


class SinkRuns(Conflict):
    """Another sink moves this log already."""


class Sink:
    """The one mover of a store's log into a data folder; use it as an async context manager.

    `records` is the most a segment holds, though what was written together stays together, and `seconds` how long it
    may wait to fill. Entering raises `SinkRuns` when another sink moves this log, another `Conflict` when it is moved
    into another folder, `Unavailable` when the store does not answer.

    Segments are written by the loop's own threads, which may give way to everybody. Once a segment is full before it
    has waited, the log fills faster than they empty it, and a thread writes it that claims what this process claims.
    """

    def __init__(self, store: Store, data: Path, records: int = 20_000, seconds: float = 2.0) -> None:
        self._store = store
        self._folder = JournalFolder(data)
        self._records = records
        self._seconds = seconds
        self._lock: int | None = None
        self._incarnation = ""
        self._committed = START
        self._trimmed = False
        # How many records an entry held when the log was read last.
        self._bundled = 1
        self._urgent = ThreadPoolExecutor(1, "urgent-segments")

    async def __aenter__(self) -> "Sink":
        self._folder.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._folder.path / "sink.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take()
            await self._claim()
            self._incarnation = await _agreed(self._store, INCARNATION, secrets.token_hex(6))
            self._folder.clean()
            self._committed = self._folder.committed(self._incarnation)
            await self._trim()
        except BaseException:
            self._release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    async def move(self) -> int:
        """Move one segment's worth of the log; returns how many records, 0 when there was nothing."""
        if not self._trimmed:
            await self._trim()
        entries = await self._read()
        if not entries:
            return 0
        behind = len(entries) >= self._records
        # A segment is of one day, and the log is in order of time.
        day = date_of(entries[0][0])
        if date_of(entries[-1][0]) != day:
            entries = [entry for entry in entries if date_of(entry[0]) == day]
        first, last = entries[0][0], entries[-1][0]

        def commit() -> None:
            self._folder.commit(segment_table(self._incarnation, entries), self._incarnation, first, last)

        await asyncio.get_running_loop().run_in_executor(self._urgent if behind else None, commit)
        self._committed, self._trimmed = last, False
        for position, _ in entries[PAGE - 1 : -1 : PAGE]:
            await self._store.trim_log(JOURNAL, position)
        await self._trim()
        return len(entries)

    async def drain(self) -> int:
        """Move all that the log holds; returns how many records."""
        total = 0
        while moved := await self.move():
            total += moved
        return total

    async def run(self, stopping: asyncio.Event, trouble: Callable[[Exception], None] = lambda _: None) -> None:
        """Move the log until `stopping`, then what is left of it.

        A store that does not answer, or a disk that refuses, is told to `trouble` and tried again.
        """
        compacted = ""
        while not stopping.is_set():
            try:
                await self._wait(stopping)
                await self.move()
                today = date_of(self._committed)
                await asyncio.to_thread(compact, self._folder, today if today == compacted else "*")
                compacted = today
            except (Unavailable, OSError) as error:
                trouble(error)
                await _pause(stopping, RETRY_SECONDS)
        try:
            await self.drain()
        except (Unavailable, OSError) as error:
            trouble(error)

    async def _wait(self, stopping: asyncio.Event) -> None:
        """Return when a segment is full, when the log has waited long enough, or when it is time to stop."""
        waited = 0.0
        while not stopping.is_set():
            length = await self._store.log_length(JOURNAL)
            if length * self._bundled >= self._records or (length and waited >= self._seconds):
                return
            pause = min(POLL_SECONDS, self._seconds)
            await _pause(stopping, pause)
            waited = waited + pause if length else 0.0

    async def _read(self) -> list[tuple[Position, bytes]]:
        """The records of the next entries, each with its entry's position."""
        records: list[tuple[Position, bytes]] = []
        after, bundled = self._committed, max(self._bundled, SUPPOSED)
        while (left := self._records - len(records)) > 0:
            asked = min(max(PAGE // bundled, 1), left)
            page = await self._store.read_log(JOURNAL, after, asked)
            before, taken = len(records), 0
            for after, entry in page:
                if len(records) >= self._records:
                    break
                records += [(after, record) for record in records_in(entry)]
                taken += 1
            if len(page) < asked:
                break
            self._bundled = bundled = -(-(len(records) - before) // taken)
        return records

    async def _trim(self) -> None:
        await self._store.trim_log(JOURNAL, self._committed)
        self._trimmed = True

    def _take(self) -> None:
        assert self._lock is not None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SinkRuns(f"Another sink already writes to {self._folder.path}; one is enough.") from None

    async def _claim(self) -> None:
        """Make sure that the log goes into this folder only: two sinks would each get a part of it."""
        name = self._folder.path / "name"
        if not name.exists():
            name.write_text(secrets.token_hex(6))
        mine = f"{name.read_text()} {self._folder.path.resolve()}"
        owner = await _agreed(self._store, JOURNAL_FOLDER, mine)
        if owner.split(" ")[0] != mine.split(" ", maxsplit=1)[0]:
            raise Conflict(
                f"The journal of this store is kept in {owner.partition(' ')[2]}; run the sink there, or delete the "
                f"key {JOURNAL_FOLDER!r} from the store if that folder is gone for good."
            )

    def _release(self) -> None:
        self._urgent.shutdown()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


async def _agreed(store: Store, key: str, value: str) -> str:
    """The value of a key that is written once, by whoever comes first."""
    await store.put_if_absent(key, value.encode())
    (blob,) = await store.get_many([key])
    return (blob or b"").decode()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass
