"""Whoever asks a journal what decisions earned is told the same: rates, care, training, experiments, simulation."""

import asyncio
from pathlib import Path

import pytest

from decision.care.ledger import calibrated
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.store.memory import MemoryStore
from decision.version.shown_counts import count_shown
from rules.ids import Duration, Instant, ModelVersion
from tests.training.journal import write_journal
from tests.training.shop import GOAL, HOME, START, WEEK, changed, shop, visits
from training.experiment.persons import Groups, Measure, persons_of
from training.material.kin import register_kin
from training.material.ledger import brought_offers
from training.material.question import question_of
from training.simulation.worth import earnings_of


def outcome(record: DecisionRecord, at: int, name: str, named: bool = True) -> OutcomeRecord:
    offer = record.decision.offers[0].offer if named else None
    id, moment = f"{name}{record.id}", Instant(at)
    return OutcomeRecord(id, moment, moment, record.id, offer, "accept", record.customer, None, 10.0)


@pytest.mark.parametrize("slots", [1, 3])
def test_all_count_the_same_outcomes(slots: int, tmp_path: Path) -> None:
    """At the window's very end, from a clock that runs ahead, without an offer; not a moment later."""
    catalogue = shop(slots=slots)
    decisions = [changed(record, model="m") for record in visits(catalogue, 40, 1)[0]]
    outcomes = [outcome(record, record.now + WEEK, "end") for record in decisions[:10]]
    outcomes += [outcome(record, record.now - 1, "early") for record in decisions[10:15]]
    outcomes += [outcome(record, record.now + 1, "bare", named=False) for record in decisions[15:22]]
    outcomes += [outcome(record, record.now + WEEK + 1, "late") for record in decisions[22:30]]
    last = [changed(record, model="m") for record in visits(catalogue, 1, 2, first=Instant(START + 3 * WEEK))[0]]
    asyncio.run(write_journal(MemoryStore(lambda: 0.0), tmp_path, [*decisions, *outcomes, *last]))
    counted = 22 if slots == 1 else 15
    question = question_of(catalogue.workspace, GOAL, Instant(START + 9 * WEEK))
    places = {str(catalogue.version): frozenset({HOME})}
    with open_journal(tmp_path) as journal:
        register_kin(journal, {})
        brought = brought_offers(journal, question, places).values()
        earned = earnings_of(journal, question)
        shown = count_shown(journal, catalogue, GOAL, "brand").counts
        measure = Measure("accept", question.window, 0.0)
        persons = persons_of(journal, [catalogue.version], [HOME], Groups((), "all"), measure)
        present, goal = Instant(START + 3 * WEEK), catalogue.workspace.goals[GOAL]
        care = calibrated(journal, [HOME], goal, ModelVersion("m"), present, question.window, Duration(9 * WEEK))
    assert sum(hits for offers in brought for name, (hits, _) in offers.items() if name) == counted
    assert sum(hits for (_, name), (hits, _) in earned.items() if name) == counted
    assert sum(count.total for count in shown) == counted
    assert persons.hits.sum() == 22
    assert care is not None
    assert sum(day.decisions * day.observed for day in care.days) == pytest.approx(counted)
