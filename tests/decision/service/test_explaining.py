"""Explanations look for a decision no further than it can be."""

import asyncio
from pathlib import Path

import pytest
from pyarrow.lib import ArrowInvalid

from decision.composition import compose
from decision.engine.snapshot import Snapshot
from decision.journal.folder import JournalFolder
from decision.journal.sink import Sink
from decision.service.admission import admit
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Position
from decision.version.assembly import Past
from decision.version.building import LocalBuilding
from rules.errors import NotFound
from rules.ids import CustomerId, DecisionId, PlacementId
from rules.instant import parse_instant
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-01T12:00:00Z")


class CountingStore(MemoryStore):
    """The store in memory; it tells how often its log was read."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.pages = 0

    async def read_log(self, log: str, after: Position, limit: int) -> list[tuple[Position, bytes]]:
        self.pages += 1
        return await super().read_log(log, after, limit)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def concierge(store: CountingStore, tmp_path: Path) -> Concierge:
    service = compose(store, Settings(data=str(tmp_path)), lambda: NOW)
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml, offers, "offers.csv")
    await service.refresher.refresh()
    return service


async def decide(concierge: Concierge) -> DecisionId:
    question = DecisionQuestion(PlacementId("home"), customer=CustomerId("ann"))
    return (await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, NOW))).decision


async def test_a_decision_is_found_in_the_log_and_in_the_segments(
    concierge: Concierge, store: CountingStore, tmp_path: Path
) -> None:
    id = await decide(concierge)
    assert (await concierge.explaining.explain(id)).replayed_equal is True
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    assert (await concierge.explaining.explain(id)).replayed_equal is True


async def test_an_id_that_was_never_given_out_is_not_searched_for_in_the_log(
    concierge: Concierge, store: CountingStore
) -> None:
    id = await decide(concierge)
    with pytest.raises(NotFound):
        await concierge.explaining.explain(DecisionId(id[:12] + "0" * 20))
    assert store.pages == 0


async def test_only_an_imported_id_is_searched_for_in_every_segment(
    concierge: Concierge, store: CountingStore, tmp_path: Path
) -> None:
    await decide(concierge)
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    (segment,) = JournalFolder(tmp_path).segments()
    # Whoever opens it cannot but complain.
    segment.path.write_bytes(b"broken")
    for made_up in ("x", "import", "f" * 32):
        with pytest.raises(NotFound):
            await concierge.explaining.explain(DecisionId(made_up))
    with pytest.raises(ArrowInvalid):
        await concierge.explaining.explain(DecisionId("import-1"))


async def test_explanations_leave_threads_to_others(concierge: Concierge, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await decide(concierge)
    running = most = 0
    find = concierge.explaining._journal.find

    async def slow(*arguments: object, **options: object) -> object:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return await find(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(concierge.explaining._journal, "find", slow)
    await asyncio.gather(*(concierge.explaining.explain(id) for _ in range(12)))
    assert most == 4


class Building(LocalBuilding):
    """Counts what it makes again."""

    restored = 0

    async def restore(self, past: Past) -> Snapshot:
        self.restored += 1
        return await super().restore(past)


async def test_what_an_old_decision_was_made_with_is_built_once_and_not_by_who_decides(
    store: CountingStore, tmp_path: Path
) -> None:
    building = Building()
    service = compose(store, Settings(data=str(tmp_path)), lambda: NOW, building=building)
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml, offers, "offers.csv")
    await service.refresher.refresh()
    ids = [await decide(service) for _ in range(3)]
    await service.publishing.publish_workspace(toml.replace(b"slots = 3", b"slots = 2"), offers, "offers.csv")
    await service.refresher.refresh()
    explained = await asyncio.gather(*(service.explaining.explain(id) for id in ids))
    assert all(each.replayed_equal for each in explained)
    assert building.restored == 1
