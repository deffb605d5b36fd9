"""Showing nothing, from the question to the journal and back."""

from pathlib import Path

import pytest

from decision.composition import compose
from decision.engine.replaying import replay, same_decision
from decision.service.admission import admit
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from decision.settings import Settings
from models.artefact import encode_artefact
from rules.ids import CustomerId, GoalId, OfferId, PlacementId
from tests.decision.engine.small_models import rates_model
from tests.decision.service.conftest import NOW, WeakStore, journal
from tests.decision.small_workspace import FOLDER, small_catalogue

GAINS = dict.fromkeys(small_catalogue().offers.ids, -1.0) | {OfferId("alba-family"): 2.0}
CLICKS = dict.fromkeys(GAINS, 0.25)
GOAL = GoalId("click")
FURTHER = '[goals.click]\noutcome = "click"\nwindow = "1d"\n\n[placements.home]'


@pytest.fixture
async def concierge(store: WeakStore, tmp_path: Path) -> Concierge:
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=10_000), lambda: NOW)
    toml = (FOLDER / "concierge.toml").read_text().replace("[placements.home]", FURTHER)
    toml = toml.replace('value = "offer.margin"', 'objective = "increment"')
    toml = toml.replace("epsilon = 0.0, temperature = 0.0 }", "epsilon = 1.0 }\ngoals = { click = 0.5 }")
    await service.publishing.publish_workspace(toml.encode(), (FOLDER / "offers.csv").read_bytes(), "offers.csv")
    for model in (rates_model("accept", GAINS, "increment"), rates_model("click", CLICKS)):
        await service.publishing.publish_model(encode_artefact(model.artefact), "test", True)
    await service.refresher.refresh()
    return service


async def test_an_empty_slate_is_answered_journalled_explained_and_decided_again(
    concierge: Concierge, store: WeakStore
) -> None:
    snapshot = concierge.refresher.snapshot
    assert snapshot is not None
    click = snapshot.models[GOAL].version
    answers = []
    for number in range(150):
        question = DecisionQuestion(PlacementId("call"), customer=CustomerId(f"c{number}"))
        answers.append(await concierge.deciding.decide(admit(question, snapshot, NOW)))
    assert {answer.further_models[GOAL] for answer in answers} == {click}
    empty = {answer.decision for answer in answers if not answer.offers}
    assert 0 < len(empty) < len(answers)
    records = await journal(store)
    assert {record.id for record in records if not record.decision.offers} == empty
    assert {record.none_probability for record in records} == {records[0].decision.none_probability}
    assert 0.0 < records[0].none_probability < 0.5
    for record in records:
        assert record.further_models == {GOAL: click}
        assert same_decision(replay(record, snapshot), record.decision)
    told = await concierge.explaining.explain(next(iter(empty)))
    assert told.replayed_equal is True
    assert told.further_models == {GOAL: click}
    assert told.none_probability == records[0].none_probability
    reasons = {offer.offer: offer.reason for offer in told.offers}
    assert reasons[OfferId("alba-family")] == "outranked"
    assert "no_gain" in reasons.values()
