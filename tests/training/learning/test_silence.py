"""Decisions that showed nothing, from a journal on disk to rows."""

from pathlib import Path

import msgspec
import numpy as np

from decision.engine.request import Decision
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.store.memory import MemoryStore
from models.feature import FeatureList
from rules.expression import Binding
from rules.ids import Instant
from tests.training.journal import write_journal
from tests.training.shop import GOAL, MINUTE, START, WEEK, changed, shop, visits
from training.learning.dataset import read_rows, read_young_rows
from training.learning.silence import read_silences
from training.material.ledger import catalogues_of
from training.material.places import places_of
from training.material.question import Question, question_of

CATALOGUE = shop()
FEATURES = FeatureList.of(CATALOGUE.workspace, CATALOGUE.schema)
CATALOGUES = {str(CATALOGUE.version): CATALOGUE}


def asked(now: int = START + 4 * WEEK) -> Question:
    return msgspec.structs.replace(question_of(CATALOGUE.workspace, GOAL, Instant(now)), objective="value")


def without_offers(record: DecisionRecord, chance: float, group: str = "champion") -> DecisionRecord:
    empty: Decision = msgspec.structs.replace(record.decision, offers=(), group=group, none_probability=chance)
    return changed(record, decision=empty)


def followed(record: DecisionRecord, value: float) -> OutcomeRecord:
    at = Instant(record.now + MINUTE)
    return OutcomeRecord(f"{record.id}-none", at, at, record.id, None, "accept", record.customer, None, value)


async def test_only_what_showed_nothing_by_chance_is_read(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 6, 41)
    silent = [
        without_offers(decisions[0], 0.25),
        without_offers(decisions[1], 0.0),
        without_offers(decisions[2], 1.0),
        without_offers(decisions[3], 1.0, "holdout"),
    ]
    await write_journal(MemoryStore(), tmp_path, [*silent, *decisions[4:], followed(silent[0], 7.5)])
    with open_journal(tmp_path) as journal:
        places = places_of(CATALOGUES, asked(), catalogues_of(journal))
        rows = read_silences(journal, asked(), CATALOGUES, places, FEATURES)
        shown = read_rows(journal, asked(), CATALOGUES, places, FEATURES)
    assert rows.decision.tolist() == [decisions[0].id, decisions[3].id]
    assert rows.target.tolist() == [7.5, 0.0]
    assert rows.offer.tolist() == ["", ""]
    assert rows.subject.tolist() == [f"c:{decisions[0].customer}", f"c:{decisions[3].customer}"]
    assert shown.decision.tolist() == [decisions[4].id, decisions[5].id]


async def test_a_request_has_the_features_it_had_when_it_was_shown_something(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 3, 42)
    await write_journal(MemoryStore(), tmp_path, [without_offers(record, 0.5) for record in decisions])
    with open_journal(tmp_path) as journal:
        places = places_of(CATALOGUES, asked(), catalogues_of(journal))
        rows = read_silences(journal, asked(), CATALOGUES, places, FEATURES)
    of_request = np.array([spec.binding is Binding.REQUEST for spec in FEATURES.specs])
    recorded = np.array([record.decision.offers[0].features for record in decisions])
    np.testing.assert_array_equal(rows.matrix[:, of_request], recorded[:, of_request])
    assert np.isnan(rows.matrix[:, ~of_request]).all()


async def test_young_rows_are_those_left_out_with_what_has_come_so_far(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 4, 43)
    now = decisions[1].now + WEEK
    came = [
        OutcomeRecord(f"{record.id}-1", at, at, record.id, record.decision.offers[0].offer, "accept", None, None, 3.0)
        for record, at in ((decisions[2], Instant(now - 1)), (decisions[3], Instant(now + 1)))
    ]
    await write_journal(MemoryStore(), tmp_path, [*decisions, *came])
    with open_journal(tmp_path) as journal:
        places = places_of(CATALOGUES, asked(now), catalogues_of(journal))
        ripe = read_rows(journal, asked(now), CATALOGUES, places, FEATURES)
        young = read_young_rows(journal, asked(now), CATALOGUES, places, FEATURES)
    assert ripe.decision.tolist() == [record.id for record in decisions[:2]]
    assert young.rows.decision.tolist() == [record.id for record in decisions[2:]]
    assert young.rows.target.tolist() == [3.0, 0.0]
    assert young.rows.delay[0] == now - 1 - decisions[2].now
    assert young.age.tolist() == [now - record.now for record in decisions[2:]]
