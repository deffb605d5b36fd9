"""Versions are looked through and assembled in a process of its own just as they are here."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from decision.composition import compose
from decision.engine.engine import decide
from decision.engine.replaying import same_decision
from decision.engine.request import DecisionRequest
from decision.priority import LEAST
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.subject.profile import EMPTY_PROFILE
from decision.version.assembly import Order, Past
from decision.version.building import BuilderDied, Building, LocalBuilding
from decision.version.building_process import BuildingProcess
from models.artefact import Artefact, encode_artefact, version_of
from models.rates import Rates
from rules.contact import NO_CONTACTS
from rules.errors import ArtefactError
from rules.ids import GoalId, PlacementId
from rules.package import pack
from rules.package import version_of as catalogue_version
from tests.decision.small_workspace import FOLDER, NOW

TOML = (FOLDER / "concierge.toml").read_bytes()
OFFERS = (FOLDER / "offers.csv").read_bytes()
ACCEPT = GoalId("accept")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def process() -> AsyncIterator[BuildingProcess]:
    async with BuildingProcess() as building:
        yield building


@pytest.fixture(scope="module", params=["here", "process"])
def building(request: pytest.FixtureRequest, process: BuildingProcess) -> Building:
    return process if request.param == "process" else LocalBuilding()


def rates(overall: float = 0.2, objective: str = "response") -> bytes:
    kind = "value" if objective == "value" else "response"
    artefact = Artefact(kind="rates", goal=ACCEPT, objective=kind, created=NOW, rates=Rates(overall=overall))  # type: ignore[arg-type]
    return encode_artefact(artefact)


def order(*models: bytes, toml: bytes = TOML) -> Order:
    catalogue = pack(toml, OFFERS, "offers.csv")
    return Order(
        (catalogue_version(catalogue), catalogue), {ACCEPT: tuple((version_of(blob), blob) for blob in models)}
    )


def children() -> list[psutil.Process]:
    """The building processes of this one."""
    found = []
    for each in psutil.Process().children():
        # One that has just ended has no command any more.
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(each.cmdline()):
                found.append(each)
    return found


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_wanted_is_assembled(building: Building) -> None:
    good = rates()
    assembled = await building.assemble(order(good), NOW)
    assert assembled.refused == ()
    assert assembled.snapshot is not None
    assert assembled.snapshot.models[ACCEPT].version == version_of(good)
    here = await LocalBuilding().assemble(order(good), NOW)
    assert here.snapshot is not None
    for placement in here.snapshot.placements:
        first, second = (
            decide(DecisionRequest(placement), EMPTY_PROFILE, NO_CONTACTS, each, NOW, 7)
            for each in (assembled.snapshot, here.snapshot)
        )
        assert same_decision(first, second)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_model_gives_way_to_the_next_and_each_is_told(building: Building) -> None:
    broken, misfit, good = b"nothing", rates(objective="value"), rates(0.3)
    assembled = await building.assemble(order(broken, misfit, good), NOW)
    assert assembled.snapshot is not None
    assert assembled.snapshot.models[ACCEPT].version == version_of(good)
    assert [refusal.version for refusal in assembled.refused] == [version_of(broken), version_of(misfit)]
    assert not any(refusal.trace for refusal in assembled.refused)
    without = await building.assemble(order(misfit), NOW)
    assert without.snapshot is not None
    assert without.snapshot.models == {}
    assert any(placement.missing for placement in without.snapshot.placements.values())


@pytest.mark.asyncio(loop_scope="module")
async def test_a_catalogue_that_cannot_be_served_is_refused(building: Building) -> None:
    assembled = await building.assemble(order(toml=TOML.replace(b"customer.member", b"customer.membr")), NOW)
    assert assembled.snapshot is None
    assert [refusal.kind for refusal in assembled.refused] == ["catalogue"]


@pytest.mark.asyncio(loop_scope="module")
async def test_workspaces_and_models_are_looked_through(building: Building) -> None:
    seen = await building.see_workspace(TOML, OFFERS, "offers.csv")
    assert (seen.offers, seen.placements) == (len(OFFERS.splitlines()) - 1, 3)
    broken = await building.see_workspace(TOML.replace(b"customer.member", b"customer.membr"), OFFERS, "offers.csv")
    assert broken.offers is None
    assert broken.findings
    assert (await building.see_model(rates())).goal == ACCEPT
    with pytest.raises(ArtefactError):
        await building.see_model(b"nothing")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_an_old_decision_was_made_with_is_made_again(building: Building) -> None:
    catalogue, good = pack(TOML, OFFERS, "offers.csv"), rates()
    past = await building.restore(Past(catalogue, (good,), None))
    assert past.catalogue.version == catalogue_version(catalogue)
    assert past.models[ACCEPT].version == version_of(good)
    lacking = await building.restore(Past(catalogue, (), PlacementId("home")))
    assert lacking.models == {}
    assert lacking.placement(PlacementId("home")).missing
    assert not any(each.missing for each in (await building.restore(Past(catalogue, (), None))).placements.values())
    with pytest.raises(ArtefactError):
        await building.restore(Past(catalogue, (b"nothing",), None))


async def test_a_process_that_dies_is_told_and_replaced() -> None:
    others = children()
    async with BuildingProcess() as building:
        await building.see_model(rates())
        (child,) = set(children()) - set(others)
        assert child.nice() == LEAST
        assert (os.getsid(child.pid), os.getpgid(child.pid)) == (os.getsid(0), child.pid)
        asked = asyncio.create_task(building.assemble(order(rates()), NOW))
        await asyncio.sleep(0)
        child.kill()
        with pytest.raises(BuilderDied):
            await asked
        assert (await building.see_model(rates())).goal == ACCEPT
        (other,) = set(children()) - {child, *others}
        assert other.pid != child.pid


async def test_work_that_takes_too_long_ends_with_its_process() -> None:
    async with BuildingProcess(most_seconds=1) as building:
        with pytest.raises(BuilderDied):
            await vars(BuildingProcess)["_ask"](building, time.sleep, 20)
        assert (await building.see_model(rates())).goal == ACCEPT


async def kill(building: BuildingProcess, others: list[psutil.Process]) -> None:
    """Have it start a process, and kill that."""
    asked: asyncio.Task[object] | None = asyncio.create_task(building.see_model(rates()))
    assert asked is not None
    while not (found := set(children()) - set(others)):
        await asyncio.sleep(0.01)
    for child in found:
        child.kill()
    with suppress(BuilderDied):
        await asked
    # Its error knows this frame.
    asked = None


async def test_what_a_process_that_died_leaves_is_given_back_without_the_collector() -> None:
    """For the collector takes nothing that was there when a version was swapped."""
    others = children()
    async with BuildingProcess() as building:
        await kill(building, others)
        gc.disable()
        try:
            before = psutil.Process().num_fds()
            for _ in range(3):
                await kill(building, others)
            # The pool's own thread ends a moment later.
            async with asyncio.timeout(5):
                while psutil.Process().num_fds() > before:
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()


async def test_a_process_without_work_ends() -> None:
    others = children()
    async with BuildingProcess(idle_seconds=0.05) as building:
        await building.see_model(rates())
        for _ in range(200):
            if not set(children()) - set(others):
                break
            await asyncio.sleep(0.05)
        assert not set(children()) - set(others)


async def test_the_service_follows_the_pointers_by_the_process(tmp_path: Path) -> None:
    async with BuildingProcess() as building:
        store = MemoryStore(lambda: NOW / 1000)
        service: Concierge = compose(store, Settings(data=str(tmp_path)), lambda: NOW, building=building)
        await service.publishing.publish_workspace(TOML, OFFERS, "offers.csv")
        assert await service.refresher.refresh()
        first = service.refresher.snapshot
        good = await service.publishing.publish_model(rates())
        assert await service.refresher.refresh()
        assert service.refresher.models[ACCEPT].version == good.version
        bad = await service.publishing.publish_model(rates(objective="value"))
        assert not await service.refresher.refresh()
        assert service.refresher.models[ACCEPT].version == good.version
        assert bad.version in service.refresher.problems["model:accept"]
        assert first is not service.refresher.snapshot
