"""Decisions go on without a part that fails, and caps hold however many decide at once."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
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
    """The store in memory with the weaknesses of a real one: away, slow, refusing its log, or always overtaken."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.away = False
        self.log_away = False
        self.reading_seconds = 0.0
        self.writing_seconds = 0.0
        self.contended = False
        self.conflicts = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self._answer()
        await asyncio.sleep(self.reading_seconds)
        return await super().get_many(keys)

    async def append(
        self, key: str, value: bytes, expected_length: int | None = None, ttl: int | None = None
    ) -> int | None:
        self._answer()
        await asyncio.sleep(self.writing_seconds)
        if self.contended and expected_length is not None:
            return None
        length = await super().append(key, value, expected_length, ttl)
        self.conflicts += length is None
        return length

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        self._answer()
        await asyncio.sleep(self.writing_seconds)
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
    await publish(service)
    return service


async def publish(concierge: Concierge, contact_policy: bool = True) -> None:
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    if not contact_policy:
        toml = toml[: toml.index(b"[[contact_policy]]")]
    await concierge.publishing.publish_workspace(toml, offers, "offers.csv")
    await concierge.refresher.refresh()


async def decide(
    concierge: Concierge, placement: str = "home", customer: str | None = "ann", in_bulk: bool = False
) -> DecisionAnswer:
    who = None if customer is None else CustomerId(customer)
    question = DecisionQuestion(PlacementId(placement), customer=who)
    return await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, concierge.clock()), in_bulk)


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
    await publish(concierge, contact_policy=False)
    await concierge.customers.put(CustomerId("ann"), ProfileForm({"member": True}))
    store.reading_seconds = 0.5
    answer = await decide(concierge)
    store.reading_seconds = 0.0
    assert answer.degraded == ("history", "profile")
    assert {"ranked", "explored"} >= {reason for shown in answer.offers for reason in shown.reasons}
    assert len(answer.offers) == 3
    (record,) = await journal(store)
    assert record.degraded_inputs == ("history", "profile")
    assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


async def test_slow_contacts_never_break_a_cap(concierge: Concierge, store: WeakStore) -> None:
    store.reading_seconds = 0.5
    answer = await decide(concierge)
    mail = await decide(concierge, "mail")
    store.reading_seconds = 0.0
    # All that the policy counts is closed, so there is what the placement names for such a case.
    assert answer.degraded == ("history", "profile", "store")
    assert [(shown.offer, shown.reasons) for shown in answer.offers] == [("alba-club", ("fallback",))]
    assert mail.offers == ()
    assert [record.id for record in await journal(store)] == [answer.decision, mail.decision]
    assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


async def test_one_deadline_holds_for_all_that_a_decision_waits_for(concierge: Concierge, store: WeakStore) -> None:
    for store.reading_seconds, store.writing_seconds in ((0.0, 5.0), (5.0, 5.0), (0.04, 0.04)):
        for placement in ("home", "mail"):
            started = time.perf_counter()
            answer = await decide(concierge, placement)
            assert time.perf_counter() - started < 0.5
            assert answer.degraded


async def test_our_own_work_does_not_use_up_the_deadline(concierge: Concierge, store: WeakStore) -> None:
    store.reading_seconds = 0.002

    async def hog() -> None:
        await asyncio.sleep(0)
        time.sleep(0.3)

    answers, _ = await asyncio.gather(asyncio.gather(*(decide(concierge, "home", f"c{n}") for n in range(20))), hog())
    assert [answer.degraded for answer in answers] == [()] * 20


async def test_a_contended_decision_shows_what_no_cap_counts_and_is_journalled(
    concierge: Concierge, store: WeakStore
) -> None:
    await concierge.customers.put(CustomerId("ann"), ProfileForm(consents={"email": True}))
    store.contended = True
    answer = await decide(concierge, "mail")
    assert (answer.degraded, answer.offers) == (("contention", "history"), ())
    (record,) = await journal(store)
    assert record.id == answer.decision
    assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


async def test_decisions_for_one_subject_take_turns_instead_of_failing_against_each_other(
    concierge: Concierge, store: WeakStore
) -> None:
    store.reading_seconds = 0.001
    answers = await asyncio.gather(*(decide(concierge, in_bulk=True) for _ in range(12)))
    assert [answer.degraded for answer in answers] == [()] * 12
    assert store.conflicts == 0


async def test_who_waits_too_long_for_a_turn_shows_what_no_cap_counts(concierge: Concierge, store: WeakStore) -> None:
    store.reading_seconds = 0.02
    answers = await asyncio.gather(*(decide(concierge) for _ in range(12)))
    degraded = {answer.degraded for answer in answers}
    assert ("contention", "history", "profile") in degraded
    assert not [answer for answer in answers if "contention" in answer.degraded and answer.offers]
    assert len(await journal(store)) == 12


async def test_a_dry_run_leaves_nothing_behind(concierge: Concierge, store: WeakStore) -> None:
    question = DecisionQuestion(PlacementId("home"), customer=CustomerId("ann"), dry_run=True)
    assert (await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, NOW))).offers
    assert await journal(store) == []
    assert not [key for key in vars(store)["_values"] if key.startswith(("contacts:", "decision:"))]


async def test_caps_are_exact_under_concurrency(concierge: Concierge, store: WeakStore) -> None:
    await concierge.customers.put(CustomerId("ann"), ProfileForm(consents={"email": True}))
    # Reads that take turns let decisions overtake each other between reading and reserving.
    store.reading_seconds = 0.001
    answers = await asyncio.gather(*(decide(concierge, "mail", in_bulk=True) for _ in range(24)))
    assert sum(len(answer.offers) for answer in answers if not answer.degraded) == 3
    journalled = [len(record.decision.offers) for record in await journal(store)]
    assert sum(journalled) == 3


async def test_each_stage_of_a_decision_is_told_as_it_ends(concierge: Concierge) -> None:
    question = DecisionQuestion(PlacementId("home"), customer=CustomerId("ann"))
    stages: list[str] = []
    await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, NOW), lap=stages.append)
    assert stages[0] == "load"
    assert stages[-3:] == ["conclude", "reserve", "journal"]
    stages.clear()
    dry = msgspec.structs.replace(question, dry_run=True)
    await concierge.deciding.decide(admit(dry, concierge.refresher.snapshot, NOW), lap=stages.append)
    assert (stages[0], stages[-1]) == ("load", "conclude")


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
