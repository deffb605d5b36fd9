"""The sink moves what the log holds, once, into one folder, and keeps the number of segments small."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from decision.journal.bundle import MOST
from decision.journal.compaction import compact
from decision.journal.folder import JournalFolder, Segment, date_of
from decision.journal.journal import Journal, journal_entries
from decision.journal.reading import open_journal
from decision.journal.record import encode_record
from decision.journal.sink import PAGE, Sink
from decision.keys import INCARNATION, JOURNAL, JOURNAL_FOLDER
from decision.priority import LEAST, give_way_here
from decision.store.memory import MemoryStore
from decision.store.port import START, Position, Store
from decision.store.redis import RedisStore
from rules.errors import Conflict, Unavailable
from tests.decision.journal.records import decision, event, log_records, one_of_each


@pytest.fixture(params=["memory", "valkey"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: RedisStore = request.getfixturevalue("valkey_store")
    return found


def _ids(data: Path) -> list[str]:
    with open_journal(data) as connection:
        return [id for (id,) in connection.execute("SELECT id FROM journal ORDER BY id").fetchall()]


async def test_moves_the_log_and_trims_it(store: Store, tmp_path: Path) -> None:
    journal = Journal(store, tmp_path)
    for record in one_of_each():
        await journal.append(record)
    assert _ids(tmp_path) == []
    async with Sink(store, tmp_path, records=2) as sink:
        assert [await sink.move() for _ in range(4)] == [2, 2, 1, 0]
        await journal.append(event("later"))
        assert await sink.drain() == 1
    assert await store.log_length(JOURNAL) == 0
    assert _ids(tmp_path) == ["d1", "d2", "e1", "later", "o1", "p1"]
    assert len(JournalFolder(tmp_path).segments()) == 4


async def test_what_was_written_together_is_moved_together(store: Store, tmp_path: Path) -> None:
    journal = Journal(store, tmp_path)
    await store.write(journal_entries(encode_record(decision(f"d{number:03}")) for number in range(100)))
    await journal.append(event("between"))
    await store.write(journal_entries([encode_record(decision("d100")), encode_record(decision("d101"))]))
    assert await store.log_length(JOURNAL) == -(-100 // MOST) + 2
    assert [record.id for record in await log_records(store)][98:] == ["d098", "d099", "between", "d100", "d101"]
    async with Sink(store, tmp_path, records=MOST + 1) as sink:
        assert [await sink.move() for _ in range(5)] == [2 * MOST, 2 * MOST, 2 * MOST, 4 + 1 + 2, 0]
    assert await store.log_length(JOURNAL) == 0
    assert _ids(tmp_path) == ["between", *(f"d{number:03}" for number in range(102))]


async def test_runs_until_it_is_stopped_and_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    journal = Journal(store, tmp_path)
    stopping = asyncio.Event()
    async with Sink(store, tmp_path, records=10, seconds=0.05) as sink:
        running = asyncio.create_task(sink.run(stopping))
        await journal.append(event("first"))
        async with asyncio.timeout(30):
            while not JournalFolder(tmp_path).segments():
                await asyncio.sleep(0.01)
        await asyncio.gather(*(journal.append(event(f"e{n:02}")) for n in range(35)))
        stopping.set()
        await running
    assert _ids(tmp_path) == [*(f"e{n:02}" for n in range(35)), "first"]


async def test_only_one_sink_moves_a_log_and_only_into_one_folder(tmp_path: Path) -> None:
    store = MemoryStore()
    async with Sink(store, tmp_path / "here"):
        with pytest.raises(Conflict, match="Another sink"):
            async with Sink(store, tmp_path / "here"):
                pass
    with pytest.raises(Conflict, match="here"):
        async with Sink(store, tmp_path / "there"):
            pass
    (tmp_path / "here").rename(tmp_path / "moved")
    async with Sink(store, tmp_path / "moved") as sink:
        assert await sink.drain() == 0
    await store.delete([JOURNAL_FOLDER])
    async with Sink(store, tmp_path / "there"):
        pass


async def test_a_replaced_store_starts_a_log_of_its_own(tmp_path: Path) -> None:
    seconds = 2_000_000_000.0
    for clock in (seconds, seconds - 1000):
        # The second store's clock is behind, so its positions lie before those already committed.
        store = MemoryStore(lambda clock=clock: clock)  # type: ignore[misc]
        for name in ("a", "b"):
            await Journal(store, tmp_path).append(event(f"{name}{clock}"))
        async with Sink(store, tmp_path) as sink:
            assert await sink.drain() == 2
    assert len(_ids(tmp_path)) == 4


class Losing(MemoryStore):
    """A store that is lost whenever it is asked to trim, until it is found again."""

    lost = False

    async def trim_log(self, log: str, through: Position) -> None:
        if self.lost:
            raise Unavailable("The store is away.")
        await super().trim_log(log, through)


async def test_what_was_committed_but_not_trimmed_is_not_moved_again(tmp_path: Path) -> None:
    store = Losing()
    journal = Journal(store, tmp_path)
    async with Sink(store, tmp_path) as sink:
        await journal.append(event("a"))
        store.lost = True
        for _ in range(2):
            with pytest.raises(Unavailable):
                await sink.move()
        store.lost = False
        await journal.append(event("b"))
        assert await sink.drain() == 1
        await journal.append(event("c"))
        store.lost = True
        with pytest.raises(Unavailable):
            await sink.move()
    store.lost = False
    assert await store.log_length(JOURNAL) == 1
    async with Sink(store, tmp_path) as sink:
        assert await store.log_length(JOURNAL) == 0
        assert await sink.drain() == 0
    with open_journal(tmp_path) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT id) FROM journal").fetchall() == [(3, 3)]


async def test_no_more_than_a_page_is_trimmed_at_once(tmp_path: Path) -> None:
    """A store answers nobody else while it trims."""
    gone: list[int] = []

    class Counting(MemoryStore):
        """Notes how many entries go each time."""

        async def trim_log(self, log: str, through: Position) -> None:
            before = await self.log_length(log)
            await super().trim_log(log, through)
            gone.append(before - await self.log_length(log))

    store = Counting()
    journal = Journal(store, tmp_path)
    async with Sink(store, tmp_path) as sink:
        for count in (2 * PAGE, 2 * PAGE + 1):
            await asyncio.gather(*(journal.append(event(f"e{number}")) for number in range(count)))
            gone.clear()
            assert await sink.move() == count
            assert sum(gone) == count
            assert max(gone) == PAGE


async def test_trouble_is_told_and_the_sink_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    await Journal(store, tmp_path).append(event("a"))
    monkeypatch.setattr("decision.journal.sink.RETRY_SECONDS", 0.01)
    troubles: list[Exception] = []
    stopping = asyncio.Event()
    async with Sink(store, tmp_path, seconds=0.0) as sink:
        # A file where the day's folder should be: the disk refuses until it is gone.
        ((position, _),) = await store.read_log(JOURNAL, START, 1)
        blocked = tmp_path / "journal" / f"date={date_of(position)}"
        blocked.write_text("")

        def trouble(error: Exception) -> None:
            troubles.append(error)
            blocked.unlink(missing_ok=True)

        running = asyncio.create_task(sink.run(stopping, trouble))
        async with asyncio.timeout(30):
            while await store.log_length(JOURNAL):
                await asyncio.sleep(0.01)
        stopping.set()
        await running
    assert [type(error) for error in troubles] == [NotADirectoryError]
    assert _ids(tmp_path) == ["a"]


async def test_small_segments_become_one_and_every_reader_sees_each_record_once(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    folder = JournalFolder(tmp_path)
    async with Sink(store, tmp_path, records=1) as sink:
        for n in range(70):
            await journal.append(decision(f"d{n:02}"))
        await sink.drain()
        assert len(folder.segments()) == 70
        compact(folder)
        assert len(folder.segments()) < 16
        assert len(folder.covered()) > 60
        assert _ids(tmp_path) == [f"d{n:02}" for n in range(70)]
        assert folder.committed((await store.get_many([INCARNATION]))[0].decode()) != "0-0"  # type: ignore[union-attr]
        compact(folder, grace=-1.0)
        assert folder.covered() == []
        assert _ids(tmp_path) == [f"d{n:02}" for n in range(70)]
        await journal.append(decision("last"))
        assert await sink.drain() == 1
    assert len(_ids(tmp_path)) == 71


async def test_segments_give_way_until_the_log_fills_faster(store: Store, tmp_path: Path) -> None:
    """The threads that write them, told by how nice they are when they have written."""
    journal = Journal(store, tmp_path)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, initializer=give_way_here))
    niceness: list[int] = []

    class Folder(JournalFolder):
        """Notes how nice the thread is that commits."""

        def commit(self, table: pa.Table, incarnation: str, first: Position, last: Position) -> Segment:
            niceness.append(os.getpriority(os.PRIO_PROCESS, 0))
            return super().commit(table, incarnation, first, last)

    async with Sink(store, tmp_path, records=3) as sink:
        vars(sink)["_folder"] = Folder(tmp_path)
        for number in range(7):
            await journal.append(event(f"e{number}"))
        assert [await sink.move() for _ in range(3)] == [3, 3, 1]
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness == [mine, mine, LEAST]
