"""A trained model in use: what its care finds in the journal, beside what was made to happen there."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from decision.care.job import CareJob
from decision.care.report import GoalCare
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.service.care import CareNews
from decision.service.refreshing import Refresher
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from decision.version.versions import Versions
from models.artefact import encode_artefact
from models.feature import FeatureList
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.ids import Instant, OfferId
from tests.training.journal import write_journal
from tests.training.shop import GOAL, MINUTE, START, WEEK, package, shop, visits
from training.learning.course import train
from training.learning.dataset import read_rows
from training.material.ledger import catalogues_of
from training.material.places import places_of
from training.material.question import question_of

EXPLORATION = "{ epsilon = 0.2, temperature = 0.3 }"
NEXT = Instant(START + WEEK)
DAY = 24 * 60 * MINUTE


class Bench:
    """A model trained on a week of the shop and put to use, and its care over what is journalled from then on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NEXT
        self.store = MemoryStore()
        self.registry = Registry(self.store)
        self.catalogue: Catalogue = shop(EXPLORATION, 3)
        self.job = CareJob(self.store, self.registry, Versions(self.registry), folder, lambda: self.now)
        self.refresher = Refresher(self.registry, lambda: self.now)
        self.news = CareNews(self.store, self.refresher, lambda: self.now)
        self.model: Model

    async def begin(self, blob: bytes) -> None:
        self.model = load_model(blob)
        version = await self.registry.put("catalogue", package(EXPLORATION, 3), START, "test", {})
        await self.registry.activate("catalogue", version)
        await self.registry.activate("model", await self.registry.put("model", blob, START, "test", {}), GOAL)
        await self.refresher.refresh()

    def decide(self, count: int, seed: int, first: Instant = NEXT) -> tuple[list[DecisionRecord], list[OutcomeRecord]]:
        return visits(self.catalogue, count, seed, self.model, first)

    async def look(self, decisions: list[DecisionRecord], outcomes: list[OutcomeRecord]) -> GoalCare:
        await write_journal(self.store, self.folder, [*decisions, *outcomes])
        report = await self.job.look()
        assert report is not None
        assert report == await self.news.latest()
        return report.goals[GOAL]


@pytest.fixture(scope="module")
def blob(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model trained on a week of the shop."""
    folder, catalogue = tmp_path_factory.mktemp("learned"), shop(EXPLORATION, 3)
    decisions, outcomes = visits(catalogue, 1_500, 1)
    asyncio.run(write_journal(MemoryStore(), folder, [*decisions, *outcomes]))
    question = question_of(catalogue.workspace, GOAL, Instant(START + 4 * WEEK))
    with open_journal(folder) as journal:
        catalogues = {str(catalogue.version): catalogue}
        places = places_of(catalogues, question, catalogues_of(journal))
        features = FeatureList.of(catalogue.workspace, catalogue.schema)
        rows = read_rows(journal, question, catalogues, places, features)
    artefact = train(rows, GOAL, "response", NEXT, None, threads=1).artefact
    offers, counts = np.unique(rows.offer, return_counts=True)
    seen = {OfferId(str(offer)): int(count) for offer, count in zip(offers, counts, strict=True)}
    return encode_artefact(msgspec.structs.replace(artefact, evidence_by_offer=seen))


@pytest.fixture
async def bench(tmp_path: Path, blob: bytes) -> Bench:
    bench = Bench(tmp_path)
    await bench.begin(blob)
    return bench


async def test_a_model_in_the_world_it_learned_from_is_not_warned_about(bench: Bench) -> None:
    # What was predicted without the model, the same rate for every offer, is none of its predictions.
    others, _ = visits(bench.catalogue, 500, 3, None, Instant(NEXT + 1))
    decisions, outcomes = bench.decide(1_000, 2)
    found = await bench.look([*others, *decisions], outcomes)
    assert found.warnings == ()
    assert found.trained
    assert found.version == bench.model.version
    assert {"customer_age", "customer_tier", "offer_brand", "context_device"} <= found.drift.keys()
    assert not {"position", "hour", "weekday"} & found.drift.keys()
    # Another policy shows the offers than the one that was learned from, and still nothing has drifted.
    assert max(shift.index for shift in found.drift.values()) < 0.05
    assert found.prediction is not None
    assert found.prediction.index < 0.05
    assert bench.news.warnings(await bench.news.latest()) == ()


async def test_guests_of_another_kind_are_told_by_what_tells_them_apart(bench: Bench) -> None:
    # Nobody says any more which device is used.
    decisions, outcomes = bench.decide(1_000, 2)
    column = bench.refresher.snapshot.features.names.index("context_device") if bench.refresher.snapshot else -1
    for at, record in enumerate(decisions):
        shown = tuple(
            msgspec.structs.replace(
                offer, features=tuple(float("nan") if i == column else v for i, v in enumerate(offer.features))
            )
            for offer in record.decision.offers
        )
        decisions[at] = msgspec.structs.replace(record, decision=msgspec.structs.replace(record.decision, offers=shown))
    found = await bench.look(decisions, outcomes)
    assert [name for name, shift in found.drift.items() if shift.index > 0.2] == ["context_device"]
    (warning,) = found.warnings
    assert warning.startswith("feature context_device has drifted (stability index ")
    assert warning.endswith("most of it: missing: once 0 %, now 100 %): see what feeds it, then train again")
    assert bench.news.warnings(await bench.news.latest()) == (f"model accept: {warning}",)


async def test_a_report_on_a_model_that_is_served_no_longer_warns_of_nothing(bench: Bench) -> None:
    bench.now = Instant(NEXT + 31 * DAY)
    found = await bench.look(*bench.decide(200, 2))
    assert found.warnings == ("it was trained 31 days ago (warned after 30d): train again",)
    report = await bench.news.latest()
    assert len(bench.news.warnings(report)) == 1
    other = CareNews(bench.store, Refresher(bench.registry, lambda: bench.now), lambda: bench.now)
    assert other.warnings(report) == ()
    bench.now = Instant(bench.now + DAY + 1)
    assert other.warnings(report) == (
        "care: nobody has looked at the models since 2026-10-29T14:13:20Z; is `concierge sink` running?",
    )


async def test_what_came_is_held_against_what_was_predicted_once_windows_have_passed(bench: Bench) -> None:
    decisions, _ = bench.decide(1_000, 2)
    firsts = [(record, record.decision.offers[0]) for record in decisions]
    outcomes = []
    for at, (record, offer) in enumerate(firsts):
        if at % 2 == 0:
            moment = Instant(record.now + MINUTE)
            outcomes.append(OutcomeRecord(f"{at}", moment, moment, record.id, offer.offer, "accept", None, None))
    # Something much later tells that the windows have passed: the goal's is a week, and care looks back another.
    later, _ = bench.decide(1, 3, Instant(NEXT + WEEK + 1_000 * MINUTE))
    found = (await bench.look([*decisions, *later], outcomes)).calibrated
    assert found is not None
    predicted = sum(offer.propensity or 0.0 for _, offer in firsts)
    assert sum(day.decisions for day in found.days) == len(firsts)
    assert found.ratio == pytest.approx(len(outcomes) / predicted, rel=1e-9)
    assert found.deviations > 10
    assert [day.day for day in found.days] == ["2026-09-28", "2026-09-29"]
    report = await bench.news.latest()
    (warning,) = bench.news.warnings(report)
    assert warning.startswith(f"model accept: what came is {found.ratio:.2f} times what was predicted")


async def test_offers_are_counted_by_how_often_the_model_has_seen_them(bench: Bench) -> None:
    found = (await bench.look(*bench.decide(50, 2))).evidence
    assert found is not None
    seen = {offer: bench.model.artefact.evidence_by_offer.get(offer, 0) for offer in bench.catalogue.offers.ids}
    assert found.offers == len(seen)
    assert found.below == tuple(sum(count < bound for count in seen.values()) for bound in (1, 10, 100, 1_000, 10_000))
    assert found.thin == sum(count < 20 for count in seen.values())
    assert dict(found.thinnest).items() <= seen.items()
    assert max(count for _, count in found.thinnest) <= sorted(seen.values())[9]


async def test_where_nothing_happened_there_is_nothing_to_tell(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert await bench.job.look() is None
    version = await bench.registry.put("catalogue", package(), START, "test", {})
    await bench.registry.activate("catalogue", version)
    assert await bench.job.look() is None
    assert await bench.news.latest() is None
    assert bench.news.warnings(None) == ()
