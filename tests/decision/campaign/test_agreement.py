"""The same customers, histories, versions, moment and seeds give the same slates: live, bulk, campaign and Dask.

`make agreement` has 10,000 customers, the suite fewer.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from random import Random

import lightgbm
import numpy as np
import pyarrow.parquet as pq
import redis
from distributed import LocalCluster
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId, Order
from decision.campaign.draw import draw_for
from decision.campaign.hands import Crew
from decision.command.campaign_crew import dask_crew
from decision.command.campaign_run import CampaignShow
from decision.keys import customer_subject
from decision.service.admission import Ask, admit
from decision.service.answer import DecisionAnswer
from decision.service.bulk.deciding import BulkDeciding
from decision.service.bulk.keeping import Keeping
from decision.service.deciding import Deciding
from decision.service.decision_index import DecisionIndex
from decision.service.made import Draw, Made, answer_of
from decision.service.question import DecisionQuestion
from decision.service.recorder import Recorder
from decision.service.volumes import Volumes
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts
from decision.subject.profile import ActivityFigures, Decayed, Profile
from decision.subject.state import NOBODY, SubjectStates
from models.adoption import adopt_forest
from models.artefact import encode_artefact
from rules.contact import contact_record
from rules.ids import CustomerId, GoalId, Instant, OfferId, PlacementId
from tests.decision.campaign.hall import NOW, Hall, write_names

CUSTOMERS = int(os.environ.get("AGREEMENT", "300"))
CLUSTER = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
DAY = 86_400_000
PLACEMENT = PlacementId("home")
ID = CampaignId("agreement")

Slate = tuple[str, str, tuple[tuple[str, int, float | None, float, float, float], ...]]
"""Customer, decision, and the offers: rank, propensity, value, score, probability."""


class Scripted(Random):
    """Gives a decision the id and the seed that it shall have."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._bits = {80: int(draw.id[12:], 16), 63: draw.seed}

    def getrandbits(self, k: int, /) -> int:
        return self._bits[k]


class Guests(Hall):
    """Customers with random profiles, affinities, activities and histories, and a forest to rank by."""

    async def fill(self, more: str = "") -> list[CustomerId]:
        names = await self.open(0, more)
        snapshot = self.service.refresher.snapshot
        assert snapshot is not None
        ids = snapshot.catalogue.offers.ids
        names = [CustomerId(f"guest {number}") for number in range(CUSTOMERS)]
        for first in range(0, len(names), 500):
            await asyncio.gather(*(self._guest(name, ids) for name in names[first : first + 500]))
        specs = [spec for spec in snapshot.features.specs if not spec.categorical]
        noise = np.random.default_rng(1)
        rows = noise.normal(size=(500, len(specs)))
        data = lightgbm.Dataset(rows, noise.integers(0, 2, 500), feature_name=[spec.name for spec in specs])
        parameters = {"objective": "binary", "num_leaves": 15, "num_threads": 1, "verbose": -1, "seed": 1}
        text = lightgbm.train(parameters, data, 20).model_to_string()
        artefact = adopt_forest(text, GoalId("accept"), "response", snapshot.features, NOW)
        await self.service.publishing.publish_model(encode_artefact(artefact))
        await self.service.refresher.refresh()
        return names

    async def _guest(self, name: CustomerId, offers: Sequence[OfferId]) -> None:
        drawn = Random(name)
        profile = Profile(
            {"tier": drawn.choice(["silver", "gold"]), "member": drawn.random() < 0.5, "spend": drawn.random() * 1000},
            {"brand": {brand: Decayed(drawn.random() * 9, self._before(drawn)) for brand in ("Alba", "Brisa")}},
            {"stays": ActivityFigures(drawn.randrange(1, 9), 100.0, self._before(drawn))},
            {"email": drawn.random() < 0.7},
        )
        contacts = [
            contact_record(self._before(drawn), drawn.choice(offers), drawn.choice(["decision", "accept"]), "web", 1)
            for _ in range(drawn.randrange(6))
        ]
        if drawn.random() < 0.9:
            await self.service.customers._profiles.replace(customer_subject(name), profile)
        if contacts:
            await self.service.intake._contacts.add(customer_subject(name), contacts)

    def _before(self, drawn: Random) -> Instant:
        return Instant(NOW - drawn.randrange(60 * DAY))


class Parts:
    """What live and bulk decisions are made of, over one store."""

    def __init__(self, store: RedisStore) -> None:
        self.states = SubjectStates(store)
        self.contacts, self.volumes = Contacts(store, 90, 35), Volumes(store, lambda: NOW)
        self.index = DecisionIndex(store, 90)
        self.recorder = Recorder(store, self.index, self.contacts)
        self.keeping = Keeping(store, self.contacts, self.volumes)

    def deciding(self, draw: Draw) -> Deciding:
        return Deciding(self.states, self.contacts, self.volumes, self.recorder, lambda: NOW, Scripted(draw), 60_000)

    def bulk(self, draws: dict[CustomerId | None, Draw]) -> BulkDeciding:
        return BulkDeciding(
            self.states,
            self.contacts,
            self.volumes,
            self.recorder,
            self.keeping,
            lambda ask, _: draws[ask.customer],
            Random(),
        )


async def asked(hall: Guests, names: Sequence[CustomerId]) -> tuple[list[Ask], dict[CustomerId | None, Draw]]:
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    order = Order(ID, PLACEMENT, NOW, snapshot.catalogue.version, None)
    asks = [admit(DecisionQuestion(PLACEMENT, name), snapshot, NOW) for name in names]
    return asks, {name: draw_for(order, name, NOBODY, NOW) for name in names}


async def live(hall: Guests, names: Sequence[CustomerId], store: RedisStore) -> list[Slate]:
    asks, draws = await asked(hall, names)
    parts, answers = Parts(store), []
    for first in range(0, len(asks), 100):
        some = asks[first : first + 100]
        answers += await asyncio.gather(*(parts.deciding(draws[ask.customer]).decide(ask) for ask in some))
    return [slate(answer) for answer in answers]


async def in_bulk(hall: Guests, names: Sequence[CustomerId], store: RedisStore) -> list[Slate]:
    asks, draws = await asked(hall, names)
    bulk, slates = Parts(store).bulk(draws), []
    for first in range(0, len(asks), 64):
        some = asks[first : first + 64]
        for ask, made in zip(some, await bulk.decide(some), strict=True):
            assert isinstance(made, Made)
            slates.append(slate(answer_of(ask, made)))
    return slates


def slate(answer: DecisionAnswer) -> Slate:
    assert answer.degraded == ()
    figures = ((one.offer, one.rank, one.propensity, one.value, one.score, one.probability) for one in answer.offers)
    return str(answer.customer), answer.decision, tuple(figures)


async def as_campaign(
    hall: Guests,
    names: Sequence[CustomerId],
    url: str,
    folder: Path,
    crew: Crew,
    placement: PlacementId = PLACEMENT,
) -> list[Slate]:
    out = folder / "out.parquet"
    wish = Wish("a", "d", placement, out, NOW, ID, chunk=max(50, CUSTOMERS // 10))
    settings = Settings(store=url, data=str(hall.data))
    audience = write_names(folder / "audience.csv", names)
    assert await CampaignShow(settings, wish, audience, crew, Console(file=StringIO())).run()
    slates: dict[tuple[str, str], Slate] = {}
    for row in pq.read_table(out).to_pylist():
        key = row["customer"], row["decision"]
        before = slates.get(key, (*key, ()))[2]
        shown = tuple(row[name] for name in ("offer", "rank", "propensity", "value", "score", "probability"))
        slates[key] = (*key, before if row["offer"] is None else (*before, shown))
    return [*slates.values()]


def limits_for(customers: int) -> str:
    """Half of the customers get a mail, and of each family offer a tenth may have it."""
    return f"""
[[volume]]
id = "beds"
offers = "offer.theme == 'family'"
per = "id"
at_most = {customers // 10}

[[volume]]
id = "mails"
at_most = {customers // 2}
channels = ["email"]

[[volume]]
id = "club"
offers = "offer.theme == 'club'"
at_least = {customers // 20}
"""


def two_processes() -> Executor:
    return ProcessPoolExecutor(2, get_context("spawn"))


def test_all_ways_agree(valkey_url: str, tmp_path: Path) -> None:
    async def decide(way: str, crew: Crew | None, more: str = "") -> list[Slate]:
        with redis.Redis.from_url(valkey_url) as client:
            client.flushall()
        (tmp_path / way).mkdir()
        store = RedisStore.connect(valkey_url)
        hall = Guests(store, tmp_path / way)
        try:
            names = await hall.fill(more)
            if crew is not None and more:
                # What is sent is limited, so that there are waves, prices and quotas.
                return await as_campaign(hall, names, valkey_url, tmp_path / way, crew, PlacementId("mail"))
            if crew is not None:
                return await as_campaign(hall, names, valkey_url, tmp_path / way, crew)
            return await (live if way == "live" else in_bulk)(hall, names, store)
        finally:
            await store.close()

    with ExitStack() as stack:
        cluster = stack.enter_context(LocalCluster(**CLUSTER))  # type: ignore[no-untyped-call]
        crews = {
            "live": None,
            "bulk": None,
            "campaign": Crew(two_processes, 2),
            "dask": stack.enter_context(dask_crew(cluster.scheduler_address)),
        }
        found = {way: asyncio.run(decide(way, crew)) for way, crew in crews.items()}
        for way in ("campaign", "dask"):
            limited = asyncio.run(decide(f"{way}, limited", crews[way], limits_for(CUSTOMERS)))
            assert 0 < sum(bool(offers) for _, _, offers in limited) <= CUSTOMERS // 2
    shown = sum(len(offers) for _, _, offers in found["live"])
    for rest in ("", ", limited"):
        places = (tmp_path / f"{way}{rest}" for way in ("campaign", "dask"))
        one, other = [[(place / name).read_bytes() for name in ("out.parquet", "out.summary.json")] for place in places]
        assert one == other
    apart = {way: sum(one != other for one, other in zip(found["live"], found[way], strict=True)) for way in found}
    print(f"\n{CUSTOMERS:,} customers, {shown:,} offers shown; slates that differ from the live ones: {apart}")
    assert set(apart.values()) == {0}
    # Not everybody sees the same, and not because of the draw alone.
    assert len({tuple(offer for offer, *_ in offers) for _, _, offers in found["live"]}) > 20
    assert shown > 2 * CUSTOMERS
