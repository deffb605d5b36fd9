"""Decisions go on without a part that fails, and caps hold however many decide at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.access.api_keys import ApiKeys
from decision.composition import compose
from decision.journal.record import DecisionRecord, decode_record
from decision.keys import JOURNAL
from decision.service.admission import admit
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion, EventReport, ProfileForm
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import START, Position
from rules.errors import Unavailable
from rules.ids import CustomerId, Instant, PlacementId
from rules.instant import parse_instant
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-01T12:00:00Z")


class WeakStore(MemoryStore):
    """The store in memory with the weaknesses of a real one: it may be away, read slowly, or refuse its log."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.away = False
        self.log_away = False
        self.reading_seconds = 0.0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self._answer()
        await asyncio.sleep(self.reading_seconds)
        return await super().get_many(keys)

    async def append(
        self, key: str, value: bytes, expected_length: int | None = None, ttl: int | None = None
    ) -> int | None:
        self._answer()
        return await super().append(key, value, expected_length, ttl)

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        self._answer()
        if self.log_away:
            raise Unavailable("the log is away")
        return await super().add_to_log(log, entry)

    async def put(self, key: str, value: bytes, ttl: int | None = None) -> None:
        self._answer()
        await super().put(key, value, ttl)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the store is away")


@pytest.fixture
def store() -> WeakStore:
    return WeakStore()


@pytest.fixture
async def concierge(store: WeakStore, tmp_path: Path) -> Concierge:
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=50), lambda: NOW)
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml, offers, "offers.csv")
    await service.refresher.refresh()
    return service


async def decide(concierge: Concierge, placement: str = "home", customer: str | None = "ann") -> DecisionAnswer:
    who = None if customer is None else CustomerId(customer)
    question = DecisionQuestion(PlacementId(placement), customer=who)
    return await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, concierge.clock()))


async def journal(store: WeakStore) -> list[DecisionRecord]:
    records = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 10_000)]
    return [record for record in records if isinstance(record, DecisionRecord)]


async def test_without_the_store_the_fallback_is_shown(concierge: Concierge, store: WeakStore) -> None:
    store.away = True
    answer = await decide(concierge)
    assert answer.degraded == ("store",)
    assert [(shown.offer, shown.reasons) for shown in answer.offers] == [("alba-club", ("fallback",))]
    assert answer.offers[0].creative["title"] == "Join the club"
    store.away = False
    assert await journal(store) == []


async def test_when_the_journal_does_not_acknowledge_the_decided_slate_is_shown(
    concierge: Concierge, store: WeakStore
) -> None:
    store.log_away = True
    answer = await decide(concierge)
    assert answer.degraded == ("journal",)
    assert len(answer.offers) == 3
    assert answer.offers[0].reasons != ("fallback",)


async def test_a_slow_profile_is_left_out(concierge: Concierge, store: WeakStore) -> None:
    await concierge.customers.put(CustomerId("ann"), ProfileForm({"member": True}))
    store.reading_seconds = 0.5
    answer = await decide(concierge)
    store.reading_seconds = 0.0
    assert answer.degraded == ("history", "profile")
    assert answer.offers
    (record,) = await journal(store)
    assert record.degraded_inputs == ("profile",)
    assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


async def test_caps_are_exact_under_concurrency(concierge: Concierge, store: WeakStore) -> None:
    await concierge.customers.put(CustomerId("ann"), ProfileForm(consents={"email": True}))
    # Reads that take turns let decisions overtake each other between reading and reserving.
    store.reading_seconds = 0.001
    answers = await asyncio.gather(*(decide(concierge, "mail") for _ in range(24)))
    assert sum(len(answer.offers) for answer in answers if not answer.degraded) == 3
    journalled = [len(record.decision.offers) for record in await journal(store)]
    assert sum(journalled) == 3


async def test_behaviour_counts_from_the_next_decision_on(concierge: Concierge, store: WeakStore) -> None:
    event = EventReport("e1", "booking", customer=CustomerId("ann"), attributes={"brand": "Alba"})
    await concierge.intake.events([event])
    await decide(concierge)
    (record,) = await journal(store)
    explained = await concierge.explaining.explain(record.id)
    assert explained.facts["affinity.brand"] == {"Alba": 8.0}
    assert explained.facts["trait.preferred_brand"] == "Alba"


async def test_known_keys_work_while_the_store_is_away(store: WeakStore, tmp_path: Path) -> None:
    now = [NOW]
    service = compose(store, Settings(data=str(tmp_path)), lambda: now[0])
    secret, key = await ApiKeys(store).create("web", ["decide:web"], NOW)
    assert await service.keys.find(secret) == key
    store.away = True
    now[0] = Instant(NOW + 60_000)
    assert await service.keys.find(secret) == key
    with pytest.raises(Unavailable):
        await service.keys.find("another")


async def test_a_revoked_key_dies_within_seconds(store: WeakStore, tmp_path: Path) -> None:
    now = [NOW]
    service = compose(store, Settings(data=str(tmp_path)), lambda: now[0])
    keys = ApiKeys(store)
    secret, key = await keys.create("web", ["decide:web"], NOW)
    assert await service.keys.find(secret) == key
    await keys.revoke(key.id)
    now[0] = Instant(NOW + 6_000)
    assert await service.keys.find(secret) is None
