"""Decisions go on without a part that fails, and caps hold however many decide at once."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from decision.access.api_keys import ApiKeys
from decision.composition import compose
from decision.service.admission import admit
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion, EventReport, ProfileForm
from decision.settings import Settings
from rules.errors import Unavailable
from rules.ids import CustomerId, Instant, PlacementId
from tests.decision.service.conftest import NOW, WeakStore, ask, journal, publish


async def decide(concierge: Concierge, placement: str = "home", customer: str = "ann") -> DecisionAnswer:
    return await concierge.deciding.decide(ask(concierge, placement, customer))


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
    patient: Concierge, store: WeakStore
) -> None:
    store.reading_seconds = 0.001
    answers = await asyncio.gather(*(decide(patient) for _ in range(12)))
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


async def test_caps_are_exact_under_concurrency(patient: Concierge, store: WeakStore) -> None:
    await patient.customers.put(CustomerId("ann"), ProfileForm(consents={"email": True}))
    # Reads that take turns let decisions overtake each other between reading and reserving.
    store.reading_seconds = 0.001
    answers = await asyncio.gather(*(decide(patient, "mail") for _ in range(24)))
    assert sum(len(answer.offers) for answer in answers if not answer.degraded) == 3
    journalled = [len(record.decision.offers) for record in await journal(store)]
    assert sum(journalled) == 3


async def test_each_stage_of_a_decision_is_told_as_it_ends(concierge: Concierge) -> None:
    question = DecisionQuestion(PlacementId("home"), customer=CustomerId("ann"))
    stages: list[str] = []
    await concierge.deciding.decide(admit(question, concierge.refresher.snapshot, NOW), lap=stages.append)
    assert stages[0] == "load"
    assert stages[-3:] == ["draw", "conclude", "journal"]
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
