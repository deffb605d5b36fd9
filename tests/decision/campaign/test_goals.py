"""A campaign of a placement with several goals, one of them to increase something: who gains nothing gets nothing."""

from pathlib import Path
from random import Random

import msgspec

from decision.campaign.beginning import Wish, plan_order
from decision.campaign.deciding import CampaignDeciding
from decision.campaign.receipts import Receipts
from decision.campaign.workshop import order_snapshot
from decision.engine.replaying import replay, same_decision
from decision.service.decision_index import DecisionIndex
from decision.service.recorder import Recorder
from decision.store.memory import MemoryStore
from decision.subject.contacts import Contacts
from decision.subject.state import SubjectStates
from decision.version.registry import Registry
from decision.version.versions import Versions
from models.artefact import encode_artefact
from rules.ids import CustomerId, GoalId, OfferId, PlacementId
from rules.package import pack
from tests.decision.campaign.test_campaign_deciding import records
from tests.decision.engine.small_models import CALL, rates_model
from tests.decision.small_workspace import FOLDER, NOW, small_catalogue

ANN = CustomerId("ann")
CLICK, IDLE = GoalId("click"), GoalId("idle")
NOTHING = dict.fromkeys(small_catalogue().offers.ids, -1.0)


async def planned(store: MemoryStore, tmp_path: Path, gains: dict[OfferId, float]) -> CampaignDeciding:
    """A campaign with models of both goals in use, and of one that its placement does not have."""
    toml = (FOLDER / "concierge.toml").read_text().replace('value = "offer.margin"', 'objective = "increment"')
    goals = "".join(f'[goals.{goal}]\noutcome = "{goal}"\nwindow = "1d"\n\n' for goal in (CLICK, IDLE))
    toml = toml.replace("[placements.home]", goals + "[placements.home]")
    toml = toml.replace('format = "script"\n', 'format = "script"\ngoals = { click = 0.5 }\n')
    registry = Registry(store)
    blob = pack(toml.encode(), (FOLDER / "offers.csv").read_bytes(), "offers.csv")
    await registry.activate("catalogue", await registry.put("catalogue", blob, NOW))
    rates = dict.fromkeys(gains, 0.2)
    for model in (rates_model("accept", gains, "increment"), rates_model(CLICK, rates), rates_model(IDLE, rates)):
        version = await registry.put("model", encode_artefact(model.artefact), NOW)
        await registry.activate("model", version, model.goal)
    order, _ = await plan_order(Wish("digest", "all", PlacementId("call"), tmp_path / "out", NOW), store)
    assert order.further_models.keys() == {CLICK}
    snapshot = await order_snapshot(msgspec.json.decode(msgspec.json.encode(order), type=type(order)), store)
    assert snapshot.placement(CALL).further_models == order.further_models
    contacts = Contacts(store, 90, 35)
    recorder, receipts = Recorder(store, DecisionIndex(store, 90), contacts), Receipts(store, contacts)
    return CampaignDeciding(order, snapshot, SubjectStates(store), receipts, recorder, registry, lambda: NOW, Random(1))


async def test_who_gains_nothing_gets_nothing_and_is_not_decided_twice(tmp_path: Path) -> None:
    store = MemoryStore(lambda: NOW / 1000)
    deciding = await planned(store, tmp_path, NOTHING)
    (decided,) = await deciding.decide([ANN])
    assert (decided.decision.offers, decided.decision.none_probability) == ((), 1.0)
    assert decided.decision.counts["no_gain"] > 0
    (again,) = await deciding.decide([ANN])
    assert same_decision(again.decision, decided.decision)
    # As it is whoever finishes what another had begun: once by its id.
    record, *others = await records(store)
    assert {other.id for other in others} <= {record.id}
    assert record.none_probability == 1.0
    assert same_decision(replay(record, await Versions(Registry(store)).past(record)), record.decision)


async def test_what_gains_something_is_sent(tmp_path: Path) -> None:
    store = MemoryStore(lambda: NOW / 1000)
    deciding = await planned(store, tmp_path, {**NOTHING, OfferId("alba-family"): 3.0})
    (decided,) = await deciding.decide([ANN])
    assert [offer.offer for offer in decided.decision.offers] == ["alba-family"]
