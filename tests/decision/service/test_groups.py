"""Groups in the service: the same for a person wherever it is asked, in the answer and in the journal."""

from collections import Counter
from pathlib import Path

import pytest

from decision.composition import compose
from decision.engine.replaying import replay, same_decision
from decision.service.admission import Ask, admit
from decision.service.concierge import Concierge
from decision.service.made import Made
from decision.service.question import DecisionQuestion, LinkReport
from decision.settings import Settings
from rules.division import CHAMPION, HOLDOUT
from rules.ids import CustomerId, PlacementId, VisitorId
from tests.decision.service.conftest import NOW, WeakStore, journal
from tests.decision.small_workspace import FOLDER

HOME, CALL = PlacementId("home"), PlacementId("call")
DIVIDED = b"""
[holdout]
share = 0.3

[[experiment]]
id = "x"
placements = ["home"]
arms = [{ id = "plain", share = 0.5, arbitration = ["propensity"] }]
"""


@pytest.fixture
async def divided(store: WeakStore, tmp_path: Path) -> Concierge:
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=10_000), lambda: NOW)
    await published(service)
    return service


async def published(service: Concierge) -> None:
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml + DIVIDED, offers, "offers.csv")
    await service.refresher.refresh()


def asked(service: Concierge, placement: PlacementId, customer: str | None = None, visitor: str | None = None) -> Ask:
    question = DecisionQuestion(
        placement,
        customer=None if customer is None else CustomerId(customer),
        visitor=None if visitor is None else VisitorId(visitor),
    )
    return admit(question, service.refresher.snapshot, service.clock())


async def test_live_and_bulk_agree_on_everybody_and_on_all_channels(divided: Concierge, store: WeakStore) -> None:
    people = [f"guest-{number}" for number in range(60)]
    live = [await divided.deciding.decide(asked(divided, HOME, person)) for person in people]
    bulk = await divided.bulk.decide([asked(divided, HOME, person) for person in people])
    calls = [await divided.deciding.decide(asked(divided, CALL, person)) for person in people]
    assert [made.decision.group for made in bulk if isinstance(made, Made)] == [answer.group for answer in live]
    assert [answer.group == HOLDOUT for answer in calls] == [answer.group == HOLDOUT for answer in live]
    assert {answer.group for answer in calls} == {HOLDOUT, CHAMPION}
    assert set(Counter(answer.group for answer in live)) == {HOLDOUT, CHAMPION, "x/plain"}
    assert all((answer.group == HOLDOUT) == (not answer.offers) for answer in live)
    records = await journal(store)
    assert len(records) == 180
    for record in records:
        assert record.none_probability == (1.0 if record.decision.group == HOLDOUT else 0.0)
        snapshot = divided.refresher.snapshot
        assert snapshot is not None
        assert same_decision(replay(record, snapshot), record.decision)


async def test_a_linked_visitor_has_the_group_of_the_customer(divided: Concierge) -> None:
    snapshot = divided.refresher.snapshot
    assert snapshot is not None
    group = snapshot.catalogue.division.group
    held = next(f"c{number}" for number in range(99) if group(HOME, f"c:c{number}") == HOLDOUT)
    free = next(f"v{number}" for number in range(99) if group(HOME, f"v:v{number}") != HOLDOUT)
    assert (await divided.deciding.decide(asked(divided, HOME, visitor=free))).offers
    await divided.customers.link(LinkReport(VisitorId(free), CustomerId(held), "login"))
    answer = await divided.deciding.decide(asked(divided, HOME, visitor=free))
    assert (answer.group, answer.offers, answer.customer) == (HOLDOUT, (), held)


async def test_nobody_in_particular_is_the_champions(divided: Concierge) -> None:
    groups = {(await divided.deciding.decide(asked(divided, HOME))).group for _ in range(20)}
    assert groups == {CHAMPION}


async def test_who_is_held_out_and_cannot_be_loaded_in_time_is_journalled_as_held_out(
    store: WeakStore, tmp_path: Path
) -> None:
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=50), lambda: NOW)
    await published(service)
    snapshot = service.refresher.snapshot
    assert snapshot is not None
    group = snapshot.catalogue.division.group
    held = next(f"c{number}" for number in range(99) if group(HOME, f"c:c{number}") == HOLDOUT)
    store.reading_seconds = 0.5
    answer = await service.deciding.decide(asked(service, HOME, held))
    assert (answer.group, answer.offers, answer.degraded) == (HOLDOUT, (), ("history", "profile"))
    (record,) = await journal(store)
    assert same_decision(replay(record, snapshot), record.decision)


async def test_who_is_held_out_sees_nothing_while_the_store_is_away(divided: Concierge, store: WeakStore) -> None:
    snapshot = divided.refresher.snapshot
    assert snapshot is not None
    group = snapshot.catalogue.division.group
    store.away = True
    for number in range(20):
        answer = await divided.deciding.decide(asked(divided, HOME, f"guest-{number}"))
        assert answer.degraded == ("store",)
        assert answer.group == group(HOME, f"c:guest-{number}")
        assert bool(answer.offers) == (answer.group != HOLDOUT)
