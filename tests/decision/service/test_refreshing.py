"""A worker follows the pointers, keeps the old version when the new one cannot be served, and says so."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from decision.composition import compose
from decision.keys import version_key
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.version.assembly import Assembled, Order
from decision.version.building import BuilderDied, LocalBuilding
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.rates import Rates
from rules.errors import WorkspaceError
from rules.ids import GoalId, Instant
from rules.instant import parse_instant
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-01T12:00:00Z")
TOML = (FOLDER / "concierge.toml").read_bytes()
OFFERS = (FOLDER / "offers.csv").read_bytes()
ACCEPT = GoalId("accept")


@pytest.fixture
async def concierge(tmp_path: Path) -> Concierge:
    service = compose(MemoryStore(lambda: NOW / 1000), Settings(data=str(tmp_path)), lambda: NOW)
    await service.publishing.publish_workspace(TOML, OFFERS, "offers.csv")
    await service.refresher.refresh()
    return service


def rates(goal: str = "accept", objective: str = "response", overall: float = 0.2) -> bytes:
    assert objective in {"response", "value"}
    kind = "response" if objective == "response" else "value"
    return encode_artefact(
        Artefact(kind="rates", goal=GoalId(goal), objective=kind, created=NOW, rates=Rates(overall=overall))  # type: ignore[arg-type]
    )


class ReadStore(MemoryStore):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.read: list[str] = []

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self.read += keys
        return await super().get_many(keys)


class Building(LocalBuilding):
    """Remembers when it began to assemble, and dies of it where it is told to."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.deadly = False
        self.hates_challengers = False

    async def assemble(self, order: Order, now: Instant) -> Assembled:
        self.begun.append(asyncio.get_running_loop().time())
        if self.deadly or (self.hates_challengers and order.challengers):
            raise BuilderDied("killed")
        return await super().assemble(order, now)


def failed() -> float:
    return REGISTRY.get_sample_value("concierge_refresh_failures_total", {"kind": "catalogue"}) or 0.0


async def test_nothing_changes_when_nothing_was_published(concierge: Concierge) -> None:
    snapshot = concierge.refresher.snapshot
    assert not await concierge.refresher.refresh()
    assert concierge.refresher.snapshot is snapshot


async def test_a_rollback_is_followed(concierge: Concierge) -> None:
    first = concierge.refresher.snapshot
    await concierge.publishing.publish_workspace(TOML.replace(b"slots = 3", b"slots = 2"), OFFERS, "offers.csv")
    assert await concierge.refresher.refresh()
    assert (await concierge.publishing.rollback("catalogue")).before is not None
    assert await concierge.refresher.refresh()
    assert first is not None
    assert concierge.refresher.snapshot is not None
    assert concierge.refresher.snapshot.catalogue.version == first.catalogue.version


async def test_what_is_swapped_out_goes_without_the_collector(concierge: Concierge) -> None:
    assert concierge.refresher.snapshot is not None
    placements = concierge.refresher.snapshot.placements
    parts = [weakref.ref(placement.features.program) for placement in placements.values()]
    del placements
    gc.disable()
    try:
        # The one before is kept, to go back to.
        for slots in (b"slots = 2", b"slots = 4"):
            await concierge.publishing.publish_workspace(TOML.replace(b"slots = 3", slots), OFFERS, "offers.csv")
            frozen = gc.get_freeze_count()
            assert await concierge.refresher.refresh()
            assert gc.get_freeze_count() > frozen
        assert [part() for part in parts] == [None] * len(parts)
    finally:
        gc.enable()


async def test_going_back_builds_nothing(tmp_path: Path) -> None:
    building = Building()
    store = MemoryStore(lambda: NOW / 1000)
    service = compose(store, Settings(data=str(tmp_path)), lambda: NOW, building=building)
    await service.publishing.publish_workspace(TOML, OFFERS, "offers.csv")
    await service.refresher.refresh()
    first = await service.publishing.publish_model(rates(overall=0.2))
    await service.refresher.refresh()
    await service.publishing.publish_model(rates(overall=0.3))
    await service.refresher.refresh()
    built = len(building.begun)
    await service.publishing.rollback("model", ACCEPT)
    assert await service.refresher.refresh()
    assert service.refresher.models[ACCEPT].version == first.version
    assert len(building.begun) == built


async def test_a_challenger_is_tried_beside_the_champion_until_it_is_withdrawn(concierge: Concierge) -> None:
    champion = await concierge.publishing.publish_model(rates(overall=0.2))
    challenger = await concierge.publishing.publish_model(rates(overall=0.3), activate=False)
    await concierge.publishing.challenge(challenger.version)
    assert await concierge.refresher.refresh()
    snapshot = concierge.refresher.snapshot
    assert snapshot is not None
    assert (snapshot.models[ACCEPT].version, snapshot.challengers[ACCEPT].version) == (
        champion.version,
        challenger.version,
    )
    assert not await concierge.refresher.refresh()
    assert await concierge.publishing.withdraw_challenger("accept") == challenger.version
    assert await concierge.refresher.refresh()
    assert concierge.refresher.snapshot is not None
    assert not concierge.refresher.snapshot.challengers


async def test_a_challenger_that_cannot_be_served_costs_nobody_the_champion(concierge: Concierge) -> None:
    champion = await concierge.publishing.publish_model(rates(overall=0.2))
    bad = await concierge.publishing.publish_model(rates(objective="value"), activate=False)
    await concierge.publishing.challenge(bad.version)
    assert await concierge.refresher.refresh()
    assert concierge.refresher.models[ACCEPT].version == champion.version
    assert set(concierge.refresher.problems) == {"challenger:accept"}


async def test_a_broken_workspace_never_reaches_a_worker(concierge: Concierge) -> None:
    with pytest.raises(WorkspaceError) as caught:
        await concierge.publishing.publish_workspace(
            TOML.replace(b"customer.member", b"customer.membr"), OFFERS, "offers.csv"
        )
    assert caught.value.findings
    assert not await concierge.refresher.refresh()


async def test_a_model_that_cannot_be_served_leaves_the_old_one(concierge: Concierge) -> None:
    good = await concierge.publishing.publish_model(rates())
    assert await concierge.refresher.refresh()
    bad = await concierge.publishing.publish_model(rates(objective="value"))
    assert not await concierge.refresher.refresh()
    assert concierge.refresher.models[ACCEPT].version == good.version
    assert bad.version in concierge.refresher.problems["model:accept"]
    health = await concierge.health.look()
    assert health.ready
    assert bad.version in health.problems[0]
    better = await concierge.publishing.publish_model(rates(overall=0.3))
    assert await concierge.refresher.refresh()
    assert concierge.refresher.models[ACCEPT].version == better.version
    assert concierge.refresher.problems == {}


async def test_a_model_of_a_goal_nobody_has_is_let_be(concierge: Concierge) -> None:
    await concierge.publishing.publish_model(rates(goal="else"))
    assert not await concierge.refresher.refresh()
    assert concierge.refresher.problems == {}


async def test_a_new_catalogue_takes_effect_even_without_its_model(concierge: Concierge) -> None:
    await concierge.publishing.publish_model(rates())
    await concierge.refresher.refresh()
    toml = TOML.replace(b'outcome = "accept"', b'outcome = "accept"\nobjective = "value"').replace(
        b'value = "offer.margin"\n', b""
    )
    published = await concierge.publishing.publish_workspace(toml, OFFERS, "offers.csv")
    assert await concierge.refresher.refresh()
    snapshot = concierge.refresher.snapshot
    assert snapshot is not None
    assert snapshot.catalogue.version == published.version
    assert concierge.refresher.models == {}
    assert all(placement.missing for placement in snapshot.placements.values())
    assert "model:accept" in concierge.refresher.problems
    assert not await concierge.refresher.refresh()


async def test_what_is_served_is_neither_loaded_nor_assembled_again(tmp_path: Path) -> None:
    store, building = ReadStore(), Building()
    service = compose(store, Settings(data=str(tmp_path)), lambda: NOW, building=building)
    # A goal that no placement has, the model of which cannot be read.
    toml = TOML.replace(b"[goals.accept]", b'[goals.quote]\noutcome = "accept"\nwindow = "7d"\n\n[goals.accept]')
    await service.publishing.publish_workspace(toml, OFFERS, "offers.csv")
    await service.refresher.refresh()
    good = await service.publishing.publish_model(rates())
    registry = Registry(store)
    bad = await registry.put("model", b"nothing", NOW)
    await registry.activate("model", bad, "quote")
    await service.refresher.refresh()
    assert service.refresher.models[ACCEPT].version == good.version
    assert bad in service.refresher.problems["model:quote"]
    assert len(building.begun) == 1
    store.read.clear()
    for _ in range(3):
        assert not await service.refresher.refresh()
    assert len(building.begun) == 1
    assert service.refresher.snapshot is not None
    blobs = {
        version_key("catalogue", service.refresher.snapshot.catalogue.version),
        version_key("model", good.version),
        version_key("model", bad),
    }
    assert store.read
    assert not blobs & set(store.read)


async def test_a_version_that_kills_its_builder_is_tried_more_and_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.version.rest.FIRST_SECONDS", 0.05)
    building = Building()
    service = compose(MemoryStore(lambda: NOW / 1000), Settings(data=str(tmp_path)), lambda: NOW, building=building)
    refresher = service.refresher
    await service.publishing.publish_workspace(TOML, OFFERS, "offers.csv")
    await refresher.refresh()
    first, failures = refresher.snapshot, failed()
    building.deadly = True
    await service.publishing.publish_workspace(TOML.replace(b"slots = 3", b"slots = 2"), OFFERS, "offers.csv")
    async with asyncio.timeout(20):
        while len(building.begun) < 4:
            assert not await refresher.refresh()
            assert "died" in refresher.problems["building"]
            await asyncio.sleep(0.001)
    assert refresher.snapshot is first
    assert failed() == failures + 4
    rests = [after - before for before, after in pairwise(building.begun)]
    assert [rest >= 0.05 * 2**at for at, rest in enumerate(rests)] == [True] * 3
    # What comes instead is not held up by that.
    await service.publishing.publish_workspace(TOML.replace(b"slots = 3", b"slots = 1"), OFFERS, "offers.csv")
    await refresher.refresh()
    assert len(building.begun) == 5
    building.deadly = False
    await service.publishing.rollback("catalogue")
    await service.publishing.rollback("catalogue")
    assert not await refresher.refresh()
    assert refresher.problems == {}
    await service.publishing.publish_workspace(TOML.replace(b"slots = 3", b"slots = 4"), OFFERS, "offers.csv")
    assert await refresher.refresh()
    assert refresher.problems == {}


async def test_no_update_waits_for_a_challenger_that_kills_its_builder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.version.rest.FIRST_SECONDS", 100.0)
    building = Building()
    service = compose(MemoryStore(lambda: NOW / 1000), Settings(data=str(tmp_path)), lambda: NOW, building=building)
    refresher = service.refresher
    await service.publishing.publish_workspace(TOML, OFFERS, "offers.csv")
    await refresher.refresh()
    building.hates_challengers = True
    challenger = await service.publishing.publish_model(rates(overall=0.3), activate=False)
    await service.publishing.challenge(challenger.version)
    assert not await refresher.refresh(), "what was served goes on"
    for slots in (b"slots = 1", b"slots = 2"):
        published = await service.publishing.publish_workspace(TOML.replace(b"slots = 3", slots), OFFERS, "offers.csv")
        assert await refresher.refresh()
        assert refresher.snapshot is not None
        assert refresher.snapshot.catalogue.version == published.version
        assert "challengers died" in refresher.problems["building"]
    deaths = len(building.begun)
    assert not await refresher.refresh()
    assert len(building.begun) == deaths, "it is left alone for a while, for somebody else may have killed the builder"
    building.hates_challengers = False  # Or it was somebody else who killed the builder: it is tried again.
    loop, clock = asyncio.get_running_loop(), asyncio.get_running_loop().time
    monkeypatch.setattr(loop, "time", lambda: clock() + 100.0)
    assert await refresher.refresh()
    assert refresher.snapshot is not None
    assert refresher.snapshot.challengers[ACCEPT].version == challenger.version
    assert refresher.problems == {}
