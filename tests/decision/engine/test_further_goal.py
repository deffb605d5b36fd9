"""Placements with several goals: what an offer is worth to each is added up, by weight."""

from itertools import combinations

import msgspec
import numpy as np
import pytest

from decision.engine.engine import decide
from decision.engine.explanation import explain
from decision.engine.replaying import replay, same_decision
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord
from decision.store.memory import MemoryStore
from decision.subject.profile import EMPTY_PROFILE
from decision.version.crate import pack as crated
from decision.version.crate import unpack
from decision.version.registry import Registry
from decision.version.versions import Versions
from models.artefact import encode_artefact
from models.model import Model
from rules.catalogue import Catalogue
from rules.choice import ARBITRATION_PARTS
from rules.contact import NO_CONTACTS
from rules.errors import ArtefactError, Conflict
from rules.ids import GoalId
from rules.package import pack
from tests.decision.engine.small_models import CALL, rates_model
from tests.decision.engine.test_increment import REQUEST, record_of
from tests.decision.small_workspace import FOLDER, NOW, small_catalogue

CLICK, SPENT = GoalId("click"), GoalId("spent")
GOALS = {
    "click": {"outcome": "click", "window": "1d", "value": "offer.margin * 0.5"},
    "spent": {"outcome": "booking", "window": "9d", "objective": "value"},
}
WEIGHTS = {"click": 3.0, "spent": -0.25}
OFFERS = small_catalogue().offers.ids
EVIDENCE = {offer: 100 * number for number, offer in enumerate(OFFERS)}
ACCEPT = {offer: 0.02 * number for number, offer in enumerate(OFFERS)}
CLICKED = {offer: 0.5 / (number + 1) for number, offer in enumerate(OFFERS)}
BOOKED = {offer: 7.0 * (number % 3) for number, offer in enumerate(OFFERS)}
MODELS: tuple[Model, ...] = (
    rates_model("accept", ACCEPT, "response", EVIDENCE, 4.0),
    rates_model("click", CLICKED),
    rates_model("spent", BOOKED, "value"),
)


def catalogue_of(**placement: object) -> Catalogue:
    return small_catalogue({"goals": GOALS, "placements": {"call": {"goals": WEIGHTS, **placement}}})


def snapshot_of(missing: frozenset[GoalId] = frozenset(), **placement: object) -> Snapshot:
    models = {model.goal: model for model in MODELS if model.goal not in missing}
    return Snapshot.build(catalogue_of(**placement), models, missing)


@pytest.mark.parametrize("optimism", [0.0, 1.5])
@pytest.mark.parametrize("on", [parts for number in range(5) for parts in combinations(ARBITRATION_PARTS, number)])
def test_scores_are_the_sum_over_the_goals(on: tuple[str, ...], optimism: float) -> None:
    exploration = {"epsilon": 0.0, "optimism": optimism}
    snapshot = snapshot_of(arbitration=list(on), exploration=exploration, context_weight="1.5")
    weighing = weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW)
    columns, levers = snapshot.catalogue.offers.columns, weighing.parts.levers
    for row, offer in enumerate(snapshot.placement(CALL).bound.offers.ids):
        propensity, value = "propensity" in on, "value" in on
        worth = (ACCEPT[offer] if propensity else 1.0) * (columns["margin"].data[row] if value else 1.0)
        if propensity or value:
            worth += (
                3.0 * (CLICKED[offer] if propensity else 1.0) * (0.5 * columns["margin"].data[row] if value else 1.0)
            )
        if value:
            worth -= 0.25 * BOOKED[offer]
        if propensity:
            worth *= 1.0 + optimism * 4.0 / np.sqrt(EVIDENCE[offer] + 50.0)
        worth *= (1.5 if "context" in on else 1.0) * (levers[row] if "levers" in on else 1.0)
        expected = max(worth, 0.0) if weighing.open[row] else 0.0
        assert weighing.scores[row] == pytest.approx(expected, rel=1e-12), offer


def test_the_explanation_tells_what_each_goal_adds_and_the_optimism() -> None:
    snapshot = snapshot_of(exploration={"epsilon": 0.0, "optimism": 1.0})
    decision = decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 3)
    told = explain(record_of(snapshot, decision, 3), snapshot)
    assert told.replayed_equal is True
    assert told.further_models == {model.goal: model.version for model in MODELS[1:]}
    for offer in told.offers[:2]:
        click, spent = offer.further
        assert (click.goal, click.weight, click.propensity) == (CLICK, 3.0, CLICKED[offer.offer])
        assert (spent.goal, spent.weight, spent.propensity, spent.value) == (SPENT, -0.25, None, BOOKED[offer.offer])
        assert offer.propensity is not None
        assert offer.value is not None
        assert offer.levers is not None
        assert offer.optimism == 1.0 + 4.0 / np.sqrt(EVIDENCE[offer.offer] + 50.0)
        assert click.propensity is not None
        worth = offer.propensity * offer.value + 3.0 * click.propensity * click.value - 0.25 * spent.value
        assert offer.score == pytest.approx(worth * offer.levers * (offer.optimism or 0.0))


def test_a_further_goal_whose_model_is_missing_is_left_out_and_named() -> None:
    snapshot = snapshot_of(frozenset({CLICK}))
    decision = decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 3)
    assert decision.degraded == ("model.click",)
    record = record_of(snapshot, decision, 3)
    assert record.further_models.keys() == {SPENT}
    # What was served later does not matter: the record says that it went without.
    restored = Snapshot.build(catalogue_of(), {model.goal: model for model in MODELS if model.goal != CLICK})
    assert same_decision(replay(record, restored), decision)
    with pytest.raises(Conflict, match=r"for goal click.*replay it with that one"):
        replay(record, snapshot_of())


def test_without_its_own_model_a_placement_goes_without_the_others() -> None:
    snapshot = snapshot_of(frozenset({GoalId("accept")}))
    weighing = weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW)
    assert (weighing.degraded, weighing.parts.further) == (("model",), ())


def test_a_value_that_cannot_be_evaluated_names_its_goal() -> None:
    snapshot = Snapshot.build(
        small_catalogue(
            {
                "goals": {"click": {**GOALS["click"], "value": "1 / (offer.nights - offer.nights)"}},
                "placements": {"call": {"goals": {"click": 1.0}}},
            }
        ),
        {},
    )
    assert decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1).degraded == ("value.click",)


def test_a_model_of_another_objective_is_refused_by_the_name_of_its_goal() -> None:
    wrong = rates_model("click", CLICKED, "value")
    with pytest.raises(ArtefactError, match=r"'click'.*train it again"):
        Snapshot.build(catalogue_of(), {wrong.goal: wrong})


def test_a_snapshot_from_another_process_decides_the_same() -> None:
    snapshot = snapshot_of(exploration={"epsilon": 0.3, "temperature": 0.5, "optimism": 1.0})
    *_, unpacked = unpack(crated(snapshot))
    assert unpacked is not None
    for seed in range(20):
        decision = decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, seed)
        assert same_decision(decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, unpacked, NOW, seed), decision)
        assert same_decision(replay(record_of(snapshot, decision, seed), unpacked), decision)


async def test_the_models_of_all_goals_are_found_again_for_a_record() -> None:
    registry = Registry(MemoryStore(lambda: 0.0))
    toml = (FOLDER / "concierge.toml").read_text()
    toml = toml.replace("[placements.home]", '[goals.click]\noutcome = "click"\nwindow = "1d"\n\n[placements.home]')
    toml = toml.replace('format = "script"\n', 'format = "script"\ngoals = { click = 2.0 }\n')
    blob = pack(toml.encode(), (FOLDER / "offers.csv").read_bytes(), "offers.csv")
    catalogue = await registry.put("catalogue", blob, NOW)
    for model in MODELS:
        await registry.put("model", encode_artefact(model.artefact), NOW)
    versions = Versions(registry)
    served = {model.goal: model for model in MODELS[:2]}
    snapshot = Snapshot.build(await versions.catalogue(catalogue), served)
    decision = decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 5)
    record: DecisionRecord = msgspec.structs.replace(
        record_of(snapshot, decision, 5), catalogue=snapshot.catalogue.version
    )
    past = await versions.past(record)
    assert past is not snapshot
    assert same_decision(replay(record, past), decision)
    assert {goal: model.version for goal, model in past.models.items()} == {
        GoalId("accept"): record.model,
        **record.further_models,
    }
