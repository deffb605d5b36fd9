"""DuckDB's view of the journal, and looking one decision up."""

from pathlib import Path

import pytest

from decision.decision_id import new_decision_id
from decision.journal.journal import Journal
from decision.journal.reading import open_journal
from decision.journal.sink import Sink
from decision.keys import JOURNAL
from decision.store.memory import MemoryStore
from decision.store.port import Store
from decision.store.redis import RedisStore
from rules.ids import DecisionId, Instant
from tests.decision.journal.records import NOW, decision, event, one_of_each, outcome, withdrawal


@pytest.fixture(params=["memory", "valkey"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore(lambda: NOW / 1000)
    found: RedisStore = request.getfixturevalue("valkey_store")
    return found


async def test_joins_outcomes_to_decisions(tmp_path: Path) -> None:
    store = MemoryStore()
    for record in one_of_each():
        await Journal(store, tmp_path).append(record)
    async with Sink(store, tmp_path, records=2) as sink:
        await sink.drain()
    with open_journal(tmp_path, threads=1) as connection:
        rows = connection.execute(
            """
            SELECT decisions.id, shown.offer, outcomes.outcome.value, date IS NOT NULL
            FROM journal AS decisions, unnest(decisions.decision.offers) AS unnested(shown)
            JOIN (SELECT * EXCLUDE date FROM journal WHERE record = 'outcome') AS outcomes
              ON outcomes.outcome.decision = decisions.id AND outcomes.outcome.offer = shown.offer
            WHERE decisions.record = 'decision'
            """
        ).fetchall()
    assert rows == [("d1", "offer-1", 12.5, True)]


async def test_decisions_that_were_taken_back_are_not_read(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path)
    for record in (decision("a"), decision("b"), withdrawal("b"), decision("c"), decision("b"), outcome("b", "c")):
        await journal.append(record)
    async with Sink(store, tmp_path, records=2) as sink:
        await sink.drain()
    with open_journal(tmp_path) as connection:
        found = connection.execute("SELECT record, id, customer FROM journal ORDER BY 1, 2").fetchall()
    assert found == [
        ("decision", "a", "ann"),
        ("decision", "c", "ann"),
        ("outcome", "b", "ann"),
        ("withdrawal", "b", "ann"),
    ]


async def test_a_journal_without_segments_is_an_empty_view(tmp_path: Path) -> None:
    with open_journal(tmp_path / "nothing 'here'") as connection:
        assert connection.execute('SELECT max("at"), count(decision.placement) FROM journal').fetchall() == [(None, 0)]


async def test_what_was_appended_twice_is_read_once_and_the_first_counts(tmp_path: Path) -> None:
    store = MemoryStore()
    journal = Journal(store, tmp_path / "with 'quotes'")
    for record in (event("x"), outcome("x", "d"), decision("x"), decision("x", now=NOW + 1), event("x"), event("y")):
        await journal.append(record)
    async with Sink(store, tmp_path / "with 'quotes'", records=4) as sink:
        await sink.drain()
    with open_journal(tmp_path / "with 'quotes'") as connection:
        found = connection.execute('SELECT record, id, "at" FROM journal ORDER BY 1, 2').fetchall()
    assert found == [
        ("decision", "x", NOW),
        ("event", "x", NOW - 5),
        ("event", "y", NOW - 5),
        ("outcome", "x", NOW + 5),
    ]


async def test_finds_a_decision_in_the_log_and_later_in_the_segments(store: Store, tmp_path: Path) -> None:
    journal = Journal(store, tmp_path)
    position = await store.add_to_log("clock", b"")
    now = Instant(int(position.split("-")[0]))
    # Ids whose clocks agree with the store's, run ahead, or run behind; and one by another system.
    made = {shift: new_decision_id(Instant(now + shift), lambda bits: bits) for shift in (0, 15_000, -15_000)}
    ids = [*made.values(), DecisionId("import-7")]
    for n in range(450):
        await journal.append(event(f"e{n}"))
    for id in ids:
        await journal.append(outcome(f"{id}-1", id))
        await journal.append(decision(id))
    for id in ids[:3]:
        found = await journal.find(id)
        assert found is not None
        assert found.id == id
    assert await journal.find(new_decision_id(now, lambda bits: bits + 1)) is None
    async with Sink(store, tmp_path, records=100) as sink:
        await sink.drain()
    assert await store.log_length(JOURNAL) == 0
    for id in ids:
        found = await journal.find(id)
        assert found is not None
        assert found.id == id
    assert await journal.find(DecisionId("import-8")) is None
    assert await journal.find(new_decision_id(now, lambda bits: bits + 1)) is None
