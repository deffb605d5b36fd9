"""From a journal on disk to rows, against the same join made by hand."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, OutcomeRecord, Record, encode_record
from decision.store.memory import MemoryStore
from models.feature import FeatureList
from rules.catalogue import Catalogue
from rules.errors import NotFound
from rules.ids import Instant, OfferId, PlacementId
from rules.package import pack, unpack
from tests.training.journal import write_journal
from tests.training.shop import GOAL, MINUTE, SMALL, START, WEEK, changed, shop, visits
from training.errors import TrainingError
from training.learning.dataset import read_rows
from training.learning.rows import Rows
from training.material.ledger import Earned, catalogues_of, first_offers, latest_moment
from training.material.places import places_of
from training.material.question import Question, question_of

CATALOGUE = shop("{ epsilon = 0.5, temperature = 0.3 }", slots=3)
LATER = Instant(START + 4 * WEEK)


def asked(**changes: object) -> Question:
    return msgspec.structs.replace(question_of(CATALOGUE.workspace, GOAL, LATER), **changes)


async def rows_in(
    folder: Path, records: Iterable[Record], question: Question, *others: Catalogue, wanted: Catalogue = CATALOGUE
) -> Rows:
    await write_journal(MemoryStore(), folder, records)
    catalogues = {str(catalogue.version): catalogue for catalogue in (CATALOGUE, *others)}
    with open_journal(folder) as journal:
        places = places_of(catalogues, question, catalogues_of(journal))
        features = FeatureList.of(wanted.workspace, wanted.schema)
        return read_rows(journal, question, catalogues, places, features)


async def earned_in(folder: Path, records: Iterable[Record], question: Question) -> list[Earned]:
    await write_journal(MemoryStore(), folder, records)
    with open_journal(folder) as journal:
        places = places_of({str(CATALOGUE.version): CATALOGUE}, question, catalogues_of(journal))
        return list(first_offers(journal, question, places))


def outcome(
    record: DecisionRecord, offer: OfferId | None, id: str, after: int = MINUTE, **more: object
) -> OutcomeRecord:
    at = Instant(record.now + after)
    made = OutcomeRecord(id, at, at, record.id, offer, "accept", record.customer, None, 10.0)
    return msgspec.structs.replace(made, **more)


async def test_every_shown_offer_is_a_row_with_its_own_outcome(tmp_path: Path) -> None:
    decisions, outcomes = visits(CATALOGUE, 60, 1)
    rows = await rows_in(tmp_path, [*outcomes, *reversed(decisions)], asked())
    hits = {(made.decision, made.offer) for made in outcomes}
    expected = [(record, shown) for record in decisions for shown in record.decision.offers]
    assert rows.decision.tolist() == [record.id for record, _ in expected]
    assert rows.offer.tolist() == [shown.offer for _, shown in expected]
    assert rows.position.tolist() == [shown.rank for _, shown in expected]
    assert rows.probability.tolist() == [shown.probability for _, shown in expected]
    assert rows.worth.tolist() == [shown.value for _, shown in expected]
    assert rows.at.tolist() == [record.now for record, _ in expected]
    assert rows.target.tolist() == [float((record.id, shown.offer) in hits) for record, shown in expected]
    np.testing.assert_array_equal(rows.matrix, np.array([shown.features for _, shown in expected]))
    assert 0 < rows.target.sum() == len(hits)


async def test_only_outcomes_of_the_goal_inside_its_window_count_and_each_once(tmp_path: Path) -> None:
    (record, other), _ = visits(CATALOGUE, 2, 2)
    first, second, third = (shown.offer for shown in record.decision.offers)
    outcomes = [
        outcome(record, first, "late", WEEK + 1),
        outcome(record, first, "other kind", kind="click"),
        outcome(record, second, "last moment", WEEK),
        outcome(record, third, "twice"),
        outcome(record, third, "twice", 2 * MINUTE),
        outcome(record, third, "again", 3 * MINUTE),
    ]
    response = await rows_in(tmp_path / "response", [record, other, *outcomes], asked())
    assert response.target.tolist() == [0, 1, 1, 0, 0, 0]
    value = await rows_in(tmp_path / "value", [record, other, *outcomes], asked(objective="value"))
    assert value.target.tolist() == [0, 10, 20, 0, 0, 0]


async def test_a_decision_counts_only_when_its_window_has_passed(tmp_path: Path) -> None:
    decisions, outcomes = visits(CATALOGUE, 10, 3)
    now = Instant(decisions[3].now + WEEK)
    rows = await rows_in(tmp_path, [*decisions, *outcomes], asked(now=now))
    assert set(rows.decision.tolist()) == {record.id for record in decisions[:4]}


async def test_since_is_in_and_until_is_out(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 10, 4)
    rows = await rows_in(tmp_path, decisions, asked(since=decisions[2].now, until=decisions[5].now))
    assert set(rows.decision.tolist()) == {record.id for record in decisions[2:5]}


async def test_a_decision_journalled_twice_is_one(tmp_path: Path) -> None:
    decisions, outcomes = visits(CATALOGUE, 5, 5)
    rows = await rows_in(tmp_path, [*decisions, *decisions, *outcomes, *outcomes], asked(objective="value"))
    assert len(rows) == 15
    assert rows.target.sum() == 10.0 * len(outcomes)


async def test_sources_and_placements_can_be_chosen(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 6, 6)
    request = msgspec.structs.replace(decisions[0].request, placement=PlacementId("call"))
    mixed = [
        changed(decisions[0], request=request),
        changed(decisions[1], source="import"),
        *decisions[2:],
    ]
    everything = await rows_in(tmp_path / "all", mixed, asked())
    assert len(set(everything.decision.tolist())) == 6
    imported = await rows_in(tmp_path / "import", mixed, asked(source="import"))
    assert set(imported.decision.tolist()) == {decisions[1].id}
    called = await rows_in(tmp_path / "call", mixed, asked(placements=(PlacementId("call"),)))
    assert set(called.decision.tolist()) == {decisions[0].id}
    with pytest.raises(NotFound, match="home"):
        question_of(CATALOGUE.workspace, GOAL, LATER, placements=(PlacementId("nowhere"),))


async def test_vectors_of_another_feature_list_are_aligned_by_name_and_expression(tmp_path: Path) -> None:
    declared = """
[[features]]
name = "tier"
value = "customer.tier"

[[features]]
name = "offer_price"
value = "offer.price * 2.0"

[[features]]
name = "offer_margin"
value = "offer.margin"
"""
    toml = (SMALL / "concierge.toml").read_text() + declared
    other = unpack(pack(toml.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv"))
    old, _ = visits(CATALOGUE, 5, 7)
    new, _ = visits(other, 5, 8, first=Instant(START + WEEK))
    rows = await rows_in(tmp_path, [*old, *new], asked(), other, wanted=other)
    assert rows.inputs.names == ("tier", "offer_price", "offer_margin")
    names = FeatureList.of(CATALOGUE.workspace, CATALOGUE.schema).names
    before, after = rows.matrix[:15], rows.matrix[15:]
    assert np.isnan(before[:, 0]).all()
    assert np.isnan(before[:, 1]).all()
    margins = [shown.features[names.index("offer_margin")] for record in old for shown in record.decision.offers]
    assert before[:, 2].tolist() == margins
    np.testing.assert_array_equal(after, [shown.features for record in new for shown in record.decision.offers])


async def test_fallbacks_and_empty_slates_teach_nothing(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 3, 9)
    bare = tuple(msgspec.structs.replace(shown, features=()) for shown in decisions[0].decision.offers)
    fallback = changed(decisions[0], decision=msgspec.structs.replace(decisions[0].decision, offers=bare))
    empty = changed(decisions[1], decision=msgspec.structs.replace(decisions[1].decision, offers=()))
    rows = await rows_in(tmp_path, [fallback, empty, decisions[2]], asked())
    assert set(rows.decision.tolist()) == {decisions[2].id}


async def test_nothing_to_learn_from_says_what_to_do(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 3, 10)
    with pytest.raises(TrainingError, match="window that has passed"):
        await rows_in(tmp_path / "young", decisions, asked(now=decisions[-1].now))
    with open_journal(tmp_path / "empty") as journal, pytest.raises(TrainingError, match="no segments yet"):
        latest_moment(journal)


async def test_evaluation_reads_each_decision_with_what_its_first_offer_earned(tmp_path: Path) -> None:
    decisions, outcomes = visits(CATALOGUE, 40, 11)
    empty = msgspec.structs.replace(decisions[0].decision, offers=(), none_probability=0.25)
    none = changed(decisions[0], decision=empty, source="import")
    records = [none, *decisions[1:]]
    later = [made for made in outcomes if made.decision != none.id]
    found = await earned_in(tmp_path, [*records, *later, outcome(none, None, "unprompted", value=3.5)], asked())
    assert [encode_record(earned.record) for earned in found] == [encode_record(record) for record in records]
    assert (found[0].hits, found[0].value) == (1, 3.5)
    first = {record.id: record.decision.offers[0].offer for record in decisions[1:]}
    hits = {made.decision for made in later if first[made.decision] == made.offer}
    assert {earned.record.id for earned in found[1:] if earned.hits} == hits


async def test_a_sample_is_the_same_each_time_and_in_order_of_time(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 30, 14)
    await write_journal(MemoryStore(), tmp_path, decisions)
    with open_journal(tmp_path) as journal:
        places = places_of({str(CATALOGUE.version): CATALOGUE}, asked(), catalogues_of(journal))
        drawn = [[earned.record.id for earned in first_offers(journal, asked(), places, 10)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 10
    assert drawn[0] == sorted(drawn[0])
    assert drawn[0] != [record.id for record in decisions[:10]]


async def test_an_outcome_that_names_no_offer_is_about_the_only_one_shown(tmp_path: Path) -> None:
    decisions, _ = visits(shop(slots=1), 2, 12)
    decisions = [changed(record, catalogue=CATALOGUE.version) for record in decisions]
    found = await earned_in(tmp_path, [*decisions, outcome(decisions[1], None, "unnamed")], asked())
    assert [earned.hits for earned in found] == [0, 1]


async def test_the_latest_moment_is_that_of_what_happened(tmp_path: Path) -> None:
    decisions, _ = visits(CATALOGUE, 3, 13)
    last = outcome(decisions[0], decisions[0].decision.offers[0].offer, "last", 5 * WEEK)
    await write_journal(MemoryStore(), tmp_path, [*decisions, last])
    with open_journal(tmp_path) as journal:
        assert latest_moment(journal) == decisions[0].now + 5 * WEEK
