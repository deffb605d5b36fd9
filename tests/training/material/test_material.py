"""What a goal is learned from, and what is beside it where it is one of several."""

from pathlib import Path

import msgspec
import pytest

from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.reading import open_journal
from decision.store.memory import MemoryStore
from decision.subject.profile import decode_profile
from decision.version.registry import Registry
from models.artefact import encode_artefact
from models.model import Model, load_model, prior_model
from models.rates import Rates
from rules.contact import NO_CONTACTS
from rules.ids import GoalId, Instant
from rules.package import pack, unpack
from tests.decision.engine.small_models import rates_model
from tests.training.journal import write_journal
from tests.training.shop import GOAL, HOME, SMALL, START, WEEK, visits
from training.evaluation.judgement import judge_material
from training.material.material import Range, gather

CLICK = GoalId("click")
FURTHER = '[goals.click]\noutcome = "click"\nwindow = "1d"\nvalue = "40.0"\n\n'
TOML = (
    (SMALL / "concierge.toml")
    .read_text()
    .replace(
        "[placements.home]", '[goals.click]\noutcome = "click"\nwindow = "1d"\nvalue = "40.0"\n\n[placements.home]'
    )
    .replace('format = "banner"\n', 'format = "banner"\ngoals = { click = 3.0 }\n')
    .replace("{ epsilon = 0.1, temperature = 0.3 }", "{ epsilon = 0.5 }")
)
PACKAGE = pack(TOML.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv")
CATALOGUE = unpack(PACKAGE)
CLICKED = {offer: 0.9 if offer == "corte-spa" else 0.1 for offer in CATALOGUE.offers.ids}


def clicks() -> Model:
    model = rates_model("click", CLICKED)
    rates = Rates(offers={HOME: CLICKED})
    return load_model(encode_artefact(msgspec.structs.replace(model.artefact, rates=rates)))


@pytest.fixture
async def registry(tmp_path: Path) -> Registry:
    """A workspace and a model of its further goal in use, and decisions made with both in the journal."""
    store = MemoryStore()
    registry = Registry(store)
    await registry.activate("catalogue", await registry.put("catalogue", PACKAGE, START))
    model = await registry.put("model", encode_artefact(clicks().artefact), START)
    await registry.activate("model", model, CLICK)
    decisions, outcomes = visits(CATALOGUE, 300, 5)
    await write_journal(store, tmp_path, [*decisions, *outcomes])
    return registry


async def test_a_further_goal_is_taught_by_placements_that_it_is_not_judged_on(
    registry: Registry, tmp_path: Path
) -> None:
    with open_journal(tmp_path) as journal:
        accept, click = [await gather(registry, journal, goal, Range()) for goal in (GOAL, CLICK)]
    version = str(CATALOGUE.version)
    assert accept.places[version] == accept.taught[version] == {HOME}
    assert not click.places[version]
    assert click.taught[version] == {HOME}
    assert {goal: model.version for goal, model in accept.further.items()} == {CLICK: clicks().version}
    assert click.further == {}


async def test_policies_are_judged_as_they_choose_by_all_their_goals(registry: Registry, tmp_path: Path) -> None:
    model = prior_model(GOAL)
    with open_journal(tmp_path) as journal:
        material = await gather(registry, journal, GOAL, Range(now=Instant(START + 4 * WEEK)))
        judged = judge_material(material, None, {"champion": model}, lambda: None, threads=1)
    snapshot = Snapshot.build(CATALOGUE, {GOAL: model, CLICK: clicks()})
    records = {record.id: record for record in visits(CATALOGUE, 300, 5)[0]}
    for id, chance in zip(judged.decision.tolist(), judged.policies["champion"].chance.tolist(), strict=True):
        record = records[id]
        profile = decode_profile(record.profile)
        weighing = weigh(record.request, profile, NO_CONTACTS, snapshot, record.now)
        bound = weighing.placement.bound
        chances = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory)
        assert chance == chances[bound.position[record.decision.offers[0].offer]]
    assert len(set(judged.policies["champion"].chance.tolist())) > 1
