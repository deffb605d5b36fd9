"""Many at once are decided as each of them would be alone, and none of them waits for what concerns another."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest

from decision.composition import compose
from decision.journal.record import encode_record
from decision.keys import customer_subject
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.made import Made, answer_of
from decision.service.question import EventReport, ProfileForm
from decision.settings import Settings
from decision.store.port import Entry, Write
from rules.contact import DECISION_KIND, kind_key, read_contacts
from rules.errors import Unavailable
from rules.ids import CustomerId
from tests.decision.service.conftest import NOW, WeakStore, ask, journal, publish


async def decide(concierge: Concierge, *asks: Ask) -> list[DecisionAnswer]:
    decided = await concierge.bulk.decide(asks)
    assert not [made for made in decided if isinstance(made, Exception)]
    return [answer_of(ask, made) for ask, made in zip(asks, decided, strict=True) if isinstance(made, Made)]


async def with_pasts(concierge: Concierge) -> None:
    for name, member in (("ann", True), ("bob", False)):
        await concierge.customers.put(CustomerId(name), ProfileForm({"member": member}, {"email": True}))
    event = EventReport("e1", "booking", customer=CustomerId("ann"), attributes={"brand": "Alba"})
    await concierge.intake.events([event])


async def test_a_batch_decides_as_each_line_would_be_decided_alone(tmp_path: Path) -> None:
    people = [("home", "ann"), ("call", "bob"), ("mail", "ann"), ("home", "cid"), ("mail", "bob"), ("call", "ann")]
    answers, journals = [], []
    for in_bulk in (True, False):
        store = WeakStore()
        concierge = compose(store, Settings(data=str(tmp_path)), lambda: NOW, random=Random(7))
        await publish(concierge)
        await with_pasts(concierge)
        asks = [ask(concierge, placement, customer) for placement, customer in people]
        if in_bulk:
            answers.append(await decide(concierge, *asks[:2], *asks[3:5]))
        else:
            answers.append([await concierge.deciding.decide(one) for one in (*asks[:2], *asks[3:5])])
        answers[-1] += [await concierge.deciding.decide(one) for one in (asks[2], asks[5])]
        journals.append({record.id: encode_record(record) for record in await journal(store)})
    assert answers[0] == answers[1]
    assert journals[0] == journals[1]
    assert len(journals[0]) == 6


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_without_the_store_the_fallback_is_shown(concierge: Concierge, store: WeakStore) -> None:
    asks = [ask(concierge), ask(concierge, customer="bob"), *[ask(concierge, "mail", "cid")] * 50]
    store.away = True
    begun = time.monotonic()
    answers = await decide(concierge, *asks)
    assert {answer.degraded for answer in answers} == {("store",)}
    # Fifty turns of one customer wait no longer than one.
    assert 0.1 < time.monotonic() - begun < 2.0
    for answer in answers[:2]:
        assert answer.degraded == ("store",)
        assert [(shown.offer, shown.reasons) for shown in answer.offers] == [("alba-club", ("fallback",))]
    store.away = False
    assert await journal(store) == []


async def test_a_store_that_is_away_for_a_moment_costs_nobody_the_decision(
    concierge: Concierge, store: WeakStore
) -> None:
    await with_pasts(concierge)
    store.reading_seconds = store.writing_seconds = 0.01
    people = [("home", "ann"), ("mail", "ann"), ("call", "bob"), ("mail", "cid")]
    batches = [
        asyncio.create_task(decide(concierge, *(ask(concierge, *person) for person in people))) for _ in range(8)
    ]
    # From the start, so that loading meets it, too.
    for _ in range(4):
        store.away = True
        await asyncio.sleep(0.1)
        store.away = False
        await asyncio.sleep(0.03)
    answers = [answer for batch in await asyncio.gather(*batches) for answer in batch]
    assert [answer.degraded for answer in answers] == [()] * 32
    assert {record.id for record in await journal(store)} == {answer.decision for answer in answers}


async def test_what_arrived_unacknowledged_is_not_counted_twice(concierge: Concierge, store: WeakStore) -> None:
    await with_pasts(concierge)
    store.deaf = 2
    (mail,) = await decide(concierge, ask(concierge, "mail"))
    store.deaf = 2
    (open_,) = await decide(concierge, ask(concierge, "call", "bob"))
    assert [mail.degraded, open_.degraded] == [(), ()]
    assert store.deaf == 0
    for answer, customer in ((mail, "ann"), (open_, "bob")):
        (history,) = await concierge.intake._contacts.load([customer_subject(CustomerId(customer))])
        shown = np.count_nonzero(read_contacts(history)["kind"] == kind_key(DECISION_KIND))
        assert shown == len(answer.offers) > 0
    # Written again is the same record, which the journal's view shows once.
    written = {record.id: set[bytes]() for record in await journal(store)}
    for record in await journal(store):
        written[record.id].add(encode_record(record))
    assert {id: len(records) for id, records in written.items()} == {mail.decision: 1, open_.decision: 1}
    for answer in (mail, open_):
        assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


@pytest.mark.usefixtures("impatient")
async def test_only_what_is_not_acknowledged_is_said_not_to_be(
    concierge: Concierge, store: WeakStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.WRITTEN_AT_ONCE", 2)
    write, parts = store.write, 0

    async def write_at_first(writes: Sequence[Write]) -> list[int | None]:
        nonlocal parts
        parts += any(isinstance(write, Entry) for write in writes)
        if parts > 2:
            raise Unavailable("the disk is full")
        return await write(writes)

    monkeypatch.setattr(store, "write", write_at_first)
    answers = await decide(concierge, *(ask(concierge, "call", f"c{at}") for at in range(6)))
    assert [answer.degraded for answer in answers] == [()] * 4 + [("journal",)] * 2
    assert len(await journal(store)) == 4


@pytest.mark.usefixtures("impatient")
async def test_when_the_journal_does_not_acknowledge_the_decided_slates_are_shown(
    concierge: Concierge, store: WeakStore
) -> None:
    store.log_away = True
    answers = await decide(concierge, ask(concierge), ask(concierge, "call", "bob"))
    assert [answer.degraded for answer in answers] == [("journal",)] * 2
    assert [len(answer.offers) for answer in answers] == [3, 2]


async def test_a_batch_waits_for_the_store_longer_than_one_decision_would(
    concierge: Concierge, store: WeakStore
) -> None:
    store.reading_seconds = store.writing_seconds = 0.1
    answers = await decide(concierge, ask(concierge), ask(concierge, "mail"))
    assert [answer.degraded for answer in answers] == [(), ()]


async def test_a_store_that_is_too_slow_is_done_without(
    concierge: Concierge, store: WeakStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.deciding.SECONDS", 0.05)
    monkeypatch.setattr("decision.service.bulk.deciding.KEEP", 0.02)
    store.reading_seconds = 0.5
    (answer, nobody) = await decide(concierge, ask(concierge, "call"), ask(concierge, "call", None))
    store.reading_seconds = 0.0
    assert answer.degraded[:2] == ("history", "profile")
    assert nobody.degraded == ()
    assert [record.id for record in await journal(store)] == [answer.decision, nobody.decision]
    assert (await concierge.explaining.explain(answer.decision)).replayed_equal is True


async def test_caps_are_exact_however_many_batches_and_callers_decide_at_once(
    concierge: Concierge, store: WeakStore
) -> None:
    await with_pasts(concierge)
    store.reading_seconds = 0.001
    batches = [decide(concierge, *[ask(concierge, "mail")] * 5) for _ in range(4)]
    alone = asyncio.create_task(concierge.deciding.decide(ask(concierge, "mail")))
    answers = [answer for batch in await asyncio.gather(*batches) for answer in batch]
    assert sum(len(answer.offers) for answer in (*answers, await alone)) == 3
    assert sum(len(record.decision.offers) for record in await journal(store)) == 3


async def test_batches_do_not_fail_against_each_other(concierge: Concierge, store: WeakStore) -> None:
    store.reading_seconds = 0.001
    await asyncio.gather(*(concierge.bulk.decide([ask(concierge)] * 5) for _ in range(4)))
    assert len(await journal(store)) == 20
    assert store.conflicts == 0


async def test_lines_of_one_customer_are_decided_in_their_order(concierge: Concierge, store: WeakStore) -> None:
    await with_pasts(concierge)
    first, second = [ask(concierge, "mail")] * 2, [ask(concierge, "mail"), ask(concierge, "mail", "bob")] * 3
    store.reading_seconds = 0.001
    batches = await asyncio.gather(decide(concierge, *first), decide(concierge, *second))
    shown = [[len(answer.offers) for answer in batch] for batch in batches]
    assert shown == [[1, 1], [1, 1, 0, 1, 0, 1]]


async def test_nobody_waits_for_anothers_turn(concierge: Concierge, store: WeakStore) -> None:
    await with_pasts(concierge)
    turns = vars(concierge.bulk)["_turns"]
    async with turns.of(customer_subject(CustomerId("ann"))):
        deciding = asyncio.create_task(decide(concierge, ask(concierge, "mail"), ask(concierge, "mail", "bob")))
        async with asyncio.timeout(5):
            while not await journal(store):
                await asyncio.sleep(0)
        assert [record.customer for record in await journal(store)] == ["bob"]
        assert not deciding.done()
    assert [answer.customer for answer in await deciding] == ["ann", "bob"]


async def test_whoever_gives_up_leaves_the_turns_to_others(concierge: Concierge, store: WeakStore) -> None:
    store.reading_seconds = 5.0
    deciding = [asyncio.create_task(concierge.bulk.decide([ask(concierge)] * 3)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for each in deciding:
        each.cancel()
    await asyncio.wait(deciding)
    store.reading_seconds = 0.0
    (answer,) = await decide(concierge, ask(concierge))
    assert answer.degraded == ()


async def test_contended_lines_show_what_no_cap_counts_and_are_journalled(
    concierge: Concierge, store: WeakStore
) -> None:
    await with_pasts(concierge)
    store.contended = True
    (mail, call) = await decide(concierge, ask(concierge, "mail"), ask(concierge, "call"))
    assert (mail.degraded, mail.offers) == (("contention", "history"), ())
    for record in await journal(store):
        assert (await concierge.explaining.explain(record.id)).replayed_equal is True
    assert {record.id for record in await journal(store)} == {mail.decision, call.decision}


async def test_a_batch_may_ask_two_catalogues(concierge: Concierge) -> None:
    old = ask(concierge)
    await publish(concierge, contact_policy=False)
    answers = await decide(concierge, old, ask(concierge), old)
    versions = [answer.catalogue for answer in answers]
    assert versions[0] == versions[2] != versions[1]


async def test_dry_runs_leave_nothing_behind(concierge: Concierge, store: WeakStore) -> None:
    dry = msgspec.structs.replace(ask(concierge), dry_run=True)
    (answer,) = await decide(concierge, dry)
    assert answer.offers
    assert await journal(store) == []
    assert not [key for key in vars(store)["_values"] if key.startswith(("contacts:", "decision:"))]
