"""What the journal says of the last day's decisions."""

from pathlib import Path

import msgspec
import pytest

from decision.care.ledger import DAY, calibrated, catalogues_since, present_of, served_since, shown_since
from decision.engine.request import Decision
from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord
from decision.journal.sink import Sink
from decision.store.memory import MemoryStore
from rules.ids import CatalogueVersion, CustomerId, Instant, PlacementId
from rules.workspace import Goal
from tests.decision.journal.records import NOW, decision, outcome

HOME = [PlacementId("home")]


def fallback(id: str, now: int) -> DecisionRecord:
    record = decision(id, now, 1)
    shown = msgspec.structs.replace(record.decision.offers[0], reasons=("fallback",), features=(), propensity=None)
    return msgspec.structs.replace(record, decision=Decision((shown,), "champion", ("store",), {}))


async def test_the_last_days_decisions_are_counted_by_what_they_went_without(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    sound = msgspec.structs.replace(decision("sound"), decision=Decision((), "champion", (), {}))
    imported = msgspec.structs.replace(decision("theirs"), source="import")
    other = msgspec.structs.replace(decision("other"), catalogue=CatalogueVersion("d" * 16))
    old = fallback("old", NOW - DAY)
    for record in (old, sound, imported, other, decision("d1"), fallback("f1", NOW - 1), outcome("o1", "d1")):
        await journal.append(record)
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    with open_journal(tmp_path) as connection:
        assert present_of(connection) == NOW + 5
        served = served_since(connection, NOW - DAY)
        assert (served.decisions, served.fallbacks, served.degraded) == (4, 1, {"profile": 2, "store": 1})
        assert catalogues_since(connection, NOW - DAY, 5) == ["c" * 16, "d" * 16]
        assert catalogues_since(connection, NOW - DAY, 1) == ["c" * 16]
        # Offers without recorded features, such as a fallback's, tell of no drift.
        shown = shown_since(connection, HOME, True, NOW - DAY, 100)
        assert shown.column("prediction").to_pylist() == [0.25, 0.25]
        assert shown.column("rank").to_pylist() == [1, 1]
        assert shown_since(connection, HOME, False, NOW - DAY, 100).column("prediction").to_pylist() == [10.0, 10.0]
        assert shown_since(connection, HOME, True, NOW - DAY, 1).num_rows <= 1
        assert shown_since(connection, [PlacementId("call")], True, NOW - DAY, 100).num_rows == 0


async def test_only_windows_that_have_passed_are_held_against_predictions(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    for record in (decision("d1"), decision("d2"), outcome("o1", "d1"), decision("young", NOW + 50)):
        await journal.append(record)
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    model, present = decision("d1").model, Instant(NOW + 100)
    assert model is not None
    with open_journal(tmp_path) as connection:
        for window, decisions, came in ((60, 2, 1.0), (5, 3, 1.0), (4, 3, 0.0)):
            goal = Goal("accept", f"{window}ms")
            found = calibrated(connection, HOME, goal, model, present, window, DAY)  # type: ignore[arg-type]
            assert found is not None
            assert sum(day.decisions for day in found.days) == decisions
            assert found.ratio == came / (0.25 * decisions)
        value = calibrated(connection, HOME, Goal("accept", "60ms", "value"), model, present, 60, DAY)  # type: ignore[arg-type]
        assert value is not None
        assert value.ratio == 12.5 / 20.0
        assert calibrated(connection, HOME, Goal("accept", "200ms"), model, present, 200, DAY) is None  # type: ignore[arg-type]


async def test_a_model_is_as_far_off_as_persons_say_however_often_one_of_them_comes(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    # Everybody accepts what a quarter was foretold of: ann on twelve decisions, each other guest on one.
    people = ["ann"] * 12 + [f"guest {number}" for number in range(3)]
    for number, customer in enumerate(people):
        record = decision(f"d{number}")
        await journal.append(msgspec.structs.replace(record, customer=CustomerId(customer)))
        await journal.append(outcome(f"o{number}", record.id))
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    with open_journal(tmp_path) as connection:
        model = decision("d1").model
        found = calibrated(connection, HOME, Goal("accept", "60ms"), model, Instant(NOW + 100), 60, DAY)  # type: ignore[arg-type]
    assert found is not None
    assert (found.ratio, sum(day.decisions for day in found.days)) == (4.0, 15)
    assert found.deviations == pytest.approx(15 * 0.75 / (((12 * 0.75) ** 2 + 3 * 0.75**2) ** 0.5))


async def test_an_empty_journal_has_no_present(tmp_path: Path) -> None:
    with open_journal(tmp_path) as connection:
        assert present_of(connection) is None
