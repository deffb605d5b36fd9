"""Smoothed rates from the journal: windows that have passed count, trained models stay."""

from collections import Counter
from pathlib import Path

import pytest

from decision.composition import compose
from decision.journal.sink import Sink
from decision.service.admission import admit
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion, OutcomeReport
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.version.rates_job import RatesJob, pooling_attribute
from decision.version.registry import Registry
from decision.version.versions import Versions
from models.artefact import decode_artefact
from models.rates import Count, smooth
from rules.ids import Instant, OfferId, PlacementId
from rules.instant import parse_instant
from tests.decision.small_workspace import FOLDER

START = parse_instant("2026-04-01T12:00:00Z")
DAY = 86_400_000


class Bench:
    """The service, its sink and its rates, over one store in memory and a clock moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.folder = folder
        self.store = MemoryStore(lambda: self.now / 1000)
        self.concierge: Concierge = compose(self.store, Settings(data=str(folder)), lambda: self.now)
        self.registry = Registry(self.store)
        self.job = RatesJob(self.registry, Versions(self.registry), folder, lambda: self.now)
        self.shown: Counter[tuple[str, str]] = Counter()
        self.accepted: Counter[tuple[str, str]] = Counter()

    async def publish(self) -> None:
        await self._publish((FOLDER / "concierge.toml").read_bytes())

    async def publish_for_values(self) -> None:
        toml = (FOLDER / "concierge.toml").read_bytes()
        await self._publish(toml.replace(b'value = "offer.margin"', b'objective = "value"'))

    async def _publish(self, toml: bytes) -> None:
        offers = (FOLDER / "offers.csv").read_bytes()
        await self.concierge.publishing.publish_workspace(toml, offers, "offers.csv")
        await self.concierge.refresher.refresh()

    async def drive(self, decisions: int) -> None:
        """Decide at two placements; every second first offer is accepted, once within the window and once after it."""
        for turn in range(decisions):
            placement = ("home", "call")[turn % 2]
            question, service = DecisionQuestion(PlacementId(placement)), self.concierge
            ask = admit(question, service.refresher.snapshot, service.clock())
            answer = await self.concierge.deciding.decide(ask)
            self.shown.update((placement, shown.offer) for shown in answer.offers)
            if turn % 2 == 0 and answer.offers:
                first = answer.offers[0].offer
                self.accepted[placement, first] += 1
                late = Instant(self.now + 8 * DAY)
                for id, offer, at in (
                    ("a", first, self.now),
                    ("again", first, self.now),
                    ("late", answer.offers[-1].offer, late),
                ):
                    report = OutcomeReport(f"{turn}-{id}", answer.decision, "accept", offer)
                    saved, self.now = self.now, at
                    await self.concierge.intake.outcomes([report])
                    self.now = saved

    async def look(self) -> dict[str, str]:
        async with Sink(self.store, self.folder) as sink:
            await sink.drain()
        return {str(goal): str(version) for goal, version in (await self.job.look()).items()}


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    await bench.publish()
    return bench


async def test_rates_are_what_the_counts_say(bench: Bench) -> None:
    await bench.drive(60)
    version = (await bench.look())["accept"]
    artefact = decode_artefact(await bench.registry.get("model", version))
    snapshot = bench.concierge.refresher.snapshot
    assert snapshot is not None
    pooled_by = pooling_attribute(snapshot.catalogue)
    assert pooled_by == "brand"
    group = {offer: offer.split("-")[0].capitalize() for offer in snapshot.catalogue.offers.ids}
    expected = smooth(
        [
            Count(PlacementId(place), OfferId(offer), group[OfferId(offer)], trials, bench.accepted[place, offer])
            for (place, offer), trials in bench.shown.items()
        ],
        pooled_by,
    )
    assert artefact.rates == expected
    assert artefact.evidence == sum(bench.shown.values())


async def test_offers_whose_window_is_open_do_not_count(bench: Bench) -> None:
    ask = admit(DecisionQuestion(PlacementId("home")), bench.concierge.refresher.snapshot, bench.concierge.clock())
    await bench.concierge.deciding.decide(ask)
    assert await bench.look() == {}
    bench.now = Instant(bench.now + 7 * DAY)
    await bench.concierge.deciding.decide(ask)
    (version,) = (await bench.look()).values()
    assert decode_artefact(await bench.registry.get("model", version)).evidence == 3


async def test_a_new_version_needs_a_twentieth_more_evidence(bench: Bench) -> None:
    await bench.drive(40)
    assert await bench.look()
    await bench.drive(1)
    assert await bench.look() == {}
    await bench.drive(6)
    assert await bench.look()


async def test_workers_take_the_rates(bench: Bench) -> None:
    await bench.drive(40)
    version = (await bench.look())["accept"]
    assert await bench.concierge.refresher.refresh()
    ask = admit(DecisionQuestion(PlacementId("home")), bench.concierge.refresher.snapshot, bench.concierge.clock())
    answer = await bench.concierge.deciding.decide(ask)
    assert answer.model == version
    assert len({shown.propensity for shown in answer.offers}) > 1


async def test_a_model_for_another_objective_gives_way_to_rates(bench: Bench) -> None:
    await bench.drive(12)
    bench.now = Instant(bench.now + 9 * DAY)
    before = await bench.look()
    await bench.publish_for_values()
    after = await bench.look()
    assert set(after) == set(before)
    assert set(after.values()).isdisjoint(before.values())
    await bench.concierge.refresher.refresh()
    assert bench.concierge.refresher.problems == {}
    assert decode_artefact(await bench.registry.get("model", next(iter(after.values())))).objective == "value"
