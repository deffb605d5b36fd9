"""A report counts once, whoever its visitor is by the time it is sent again, and for as long as it is taken."""

from collections.abc import Awaitable, Callable

import pytest
from httpx import AsyncClient

from decision.journal.record import EventRecord, OutcomeRecord
from decision.store.memory import MemoryStore
from rules.contact import kind_key, read_contacts
from rules.ids import Instant
from tests.decision.http.conftest import HandClock
from tests.decision.http.test_reports import decided, reports

Step = Callable[[AsyncClient, str], Awaitable[None]]

DAY = 86_400_000
EVENT = {"id": "e1", "visitor": "v1", "kind": "view", "attributes": {"brand": "Alba"}}
TAKEN, KNOWN = {"accepted": 1, "repeated": 0}, {"accepted": 0, "repeated": 1}


async def link(client: AsyncClient, customer: str) -> None:
    answer = await client.post("/v1/identities", json={"visitor": "v1", "customer": customer, "evidence": "login"})
    assert answer.status_code == 204


async def unlink(client: AsyncClient, _: str) -> None:
    assert (await client.delete("/v1/identities/v1")).status_code == 204


@pytest.mark.parametrize(
    ("before", "between"),
    [([], [link]), ([link], []), ([link], [unlink]), ([link], [unlink, link]), ([], [link, unlink])],
)
async def test_an_event_sent_again_counts_once_whoever_the_visitor_is_by_then(
    client: AsyncClient, store: MemoryStore, before: list[Step], between: list[Step]
) -> None:
    for step in before:
        await step(client, "ann")
    assert (await client.post("/v1/events", json=EVENT)).json() == TAKEN
    for step, customer in zip(between, ("ann", "bob"), strict=False):
        await step(client, customer)
    assert (await client.post("/v1/events", json=EVENT)).json() == KNOWN
    assert (await client.post("/v1/events", json={**EVENT, "customer": "eve"})).json() == KNOWN
    assert len(await reports(store)) == 1
    answers = [(await client.get(f"/v1/customers/{name}")).json() for name in ("ann", "bob", "eve")]
    counts = [answer.get("activities", {}).get("browsing", {}).get("count", 0) for answer in answers]
    assert max(counts) <= 1


@pytest.mark.parametrize(
    ("before", "between"), [([], [link]), ([link], [unlink]), ([], [link, unlink]), ([link], [unlink, link])]
)
async def test_an_outcome_sent_again_counts_once_whoever_the_visitor_is_by_then(
    client: AsyncClient, store: MemoryStore, before: list[Step], between: list[Step]
) -> None:
    decision, offer = await decided(client, visitor="v1")
    for step in before:
        await step(client, "ann")
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept"}
    assert (await client.post("/v1/outcomes", json=report)).json() == TAKEN
    for step, customer in zip(between, ("ann", "bob"), strict=False):
        await step(client, customer)
    assert (await client.post("/v1/outcomes", json=report)).json() == KNOWN
    assert len(await reports(store)) == 1
    histories = [value for key, value in vars(store)["_values"].items() if key.startswith("contacts:")]
    assert read_contacts(b"".join(histories))["kind"].tolist().count(kind_key("accept")) == 1


async def test_two_sites_may_number_their_visitors_events_alike(client: AsyncClient, store: MemoryStore) -> None:
    both = [{**EVENT, "id": "1", "visitor": name} for name in ("v1", "v2")]
    assert (await client.post("/v1/events", json=both)).json() == {"accepted": 2, "repeated": 0}
    await link(client, "ann")
    direct = {**EVENT, "id": "1", "customer": "ann", "visitor": None}
    assert (await client.post("/v1/events", json=direct)).json() == TAKEN
    assert len(await reports(store)) == 3
    assert (await client.get("/v1/customers/ann")).json()["activities"]["browsing"]["count"] == 2


@pytest.mark.parametrize("who", [{"customer": "ann"}, {"visitor": "v1"}, {}])
async def test_an_outcome_is_known_for_as_long_as_it_is_taken(
    client: AsyncClient, store: MemoryStore, clock: HandClock, who: dict[str, str]
) -> None:
    decision, offer = await decided(client, **who)
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept"}
    clock.now = Instant(clock.now + 10 * DAY)
    assert (await client.post("/v1/outcomes", json=report)).json() == TAKEN
    contacts = {key: value for key, value in vars(store)["_values"].items() if key.startswith("contacts:")}
    clock.now = Instant(clock.now + 79 * DAY)
    assert (await client.post("/v1/outcomes", json=report)).json() == KNOWN
    assert len(await reports(store)) == 1
    assert {k: value for k, value in vars(store)["_values"].items() if k.startswith("contacts:")} == contacts
    clock.now = Instant(clock.now + 2 * DAY)
    assert (await client.post("/v1/outcomes", json=report)).status_code == 400


async def test_what_nothing_is_about_is_taken_and_named(client: AsyncClient, store: MemoryStore) -> None:
    decision, offer = await decided(client, customer="ann")
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "acept"}
    assert (await client.post("/v1/outcomes", json=report)).json() == {**TAKEN, "unused": ["acept"]}
    assert (await client.post("/v1/events", json={**EVENT, "kind": "veiw"})).json() == {**TAKEN, "unused": ["veiw"]}
    outcome, event = await reports(store)
    assert isinstance(outcome, OutcomeRecord)
    assert isinstance(event, EventRecord)
