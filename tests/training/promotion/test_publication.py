"""A model that passed replaces the one it was held against, and no other."""

import msgspec

from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.gate import Check, Gate
from rules.ids import GoalId, Instant
from tests.models.small_model import trained
from training.promotion.publication import promote

GOAL = GoalId("accept")
PASSED = Gate(None, (Check("gain", True, "more"),))
FAILED = Gate(None, (Check("gain", False, "less"),))
UNSERVABLE = Gate(None, (Check("warm-up", False, "other scores"),))


def forest(created: int, gate: Gate | None = None) -> Artefact:
    return msgspec.structs.replace(trained()[0], created=Instant(created), gate=gate)


def rates(created: int) -> Artefact:
    return Artefact(kind="rates", goal=GOAL, objective="response", created=Instant(created))


async def in_use(registry: Registry, artefact: Artefact) -> str:
    version = await registry.put("model", encode_artefact(artefact), artefact.created)
    await registry.activate("model", version, GOAL)
    return version


async def test_what_passed_is_in_use_and_what_failed_is_stored() -> None:
    registry = Registry(MemoryStore())
    champion = await in_use(registry, forest(1))
    failed = await promote(registry, forest(2, FAILED), "if-passed", champion)
    assert (failed.in_use, failed.overtaken) == (False, False)
    assert (await registry.info("model", failed.version)).summary["gate"] == "gain"
    passed = await promote(registry, forest(3, PASSED), "if-passed", champion)
    assert passed.in_use
    assert (await registry.current("model"))[GOAL] == passed.version
    assert not (await promote(registry, forest(4, PASSED), "none", passed.version)).in_use


async def test_a_model_that_came_meanwhile_stays() -> None:
    registry = Registry(MemoryStore())
    before = await in_use(registry, forest(1))
    meanwhile = await in_use(registry, forest(2))
    late = await promote(registry, forest(3, PASSED), "if-passed", before)
    assert (late.in_use, late.overtaken) == (False, True)
    assert (await registry.current("model"))[GOAL] == meanwhile
    # Rolled back meanwhile, so it was held against one that somebody threw out.
    await registry.rollback("model", GOAL)
    assert (await promote(registry, forest(4, PASSED), "if-passed", meanwhile)).overtaken


async def test_rates_go_on_counting_and_are_replaced_all_the_same() -> None:
    registry = Registry(MemoryStore())
    before = await in_use(registry, rates(1))
    await in_use(registry, rates(2))
    assert (await promote(registry, forest(3, PASSED), "if-passed", before)).in_use


async def test_by_force_it_is_in_use_unless_it_cannot_be_served() -> None:
    registry = Registry(MemoryStore())
    champion = await in_use(registry, forest(1))
    assert not (await promote(registry, forest(2, UNSERVABLE), "force", champion)).in_use
    assert (await promote(registry, forest(3, FAILED), "force", champion)).in_use
