"""What the journal says of a challenger."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from decision.care.ledger import DAY
from decision.care.shadows import Held, Shadows, shadows_of
from decision.engine.request import Shadow
from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord
from decision.journal.sink import Sink
from decision.store.memory import MemoryStore
from rules.ids import Instant, ModelVersion, OfferId, PlacementId
from rules.workspace import Goal
from tests.decision.journal.records import NOW, decision, outcome

TRIED = ModelVersion("t" * 16)


def shadowed(id: str, agrees: bool, predicted: float, now: int = NOW, by: str = TRIED) -> DecisionRecord:
    shadow = Shadow(ModelVersion(by), OfferId("offer-1"), agrees, (predicted, 0.9))
    return msgspec.structs.replace(decision(id, now), shadow=shadow)


@pytest.fixture
async def seen(tmp_path: Path) -> Callable[[Goal, ModelVersion], Shadows]:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    for record in (
        shadowed("d1", True, 0.75),
        outcome("o1", "d1"),
        shadowed("d2", False, 0.5),
        shadowed("young", True, 0.1, NOW + 50),
        shadowed("other", True, 0.1, by="o" * 16),
        decision("alone"),
        shadowed("old", True, 0.1, NOW - 2 * DAY),
    ):
        await journal.append(record)
    async with Sink(store, tmp_path) as sink:
        await sink.drain()

    def look(goal: Goal, version: ModelVersion = TRIED) -> Shadows:
        with open_journal(tmp_path) as connection:
            home = [PlacementId("home")]
            return shadows_of(connection, version, home, goal, Instant(NOW + 100), 60, DAY)  # type: ignore[arg-type]

    return look


async def test_a_challenger_is_held_against_what_came_once_windows_have_passed(
    seen: Callable[[Goal, ModelVersion], Shadows],
) -> None:
    found = seen(Goal("accept", "60ms"), TRIED)
    assert (found.decisions, found.agreeing) == (3, 2)
    # One of two first offers was accepted; the model in use predicted a quarter of both.
    errors = (0.25**2 + 0.5**2) / 2, (0.75**2 + 0.25**2) / 2
    assert found.held == Held(2, 0.5, 0.625, 0.25, *errors)
    value = seen(Goal("accept", "60ms", "value"), TRIED)
    assert value.held is not None
    assert (value.held.observed, value.held.served) == (6.25, 10.0)


async def test_of_an_increment_or_of_what_nobody_tried_nothing_is_held_against_it(
    seen: Callable[[Goal, ModelVersion], Shadows],
) -> None:
    assert seen(Goal("accept", "60ms", "increment"), TRIED) == Shadows(3, 2, None)
    assert seen(Goal("accept", "60ms"), ModelVersion("n" * 16)) == Shadows(0, 0, None)
