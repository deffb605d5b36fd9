"""Outcomes and events: taken whole or not at all, and each id counts once."""

import asyncio

import msgspec
import pytest
from httpx import AsyncClient

from decision.journal.record import EventRecord, OutcomeRecord, decode_record
from decision.keys import JOURNAL
from decision.store.memory import MemoryStore
from decision.store.port import START
from tests.decision.http.conftest import Caller


async def decided(client: AsyncClient, **who: str) -> tuple[str, str]:
    answer = (await client.post("/v1/decisions", json={"placement": "home", **who})).json()
    return answer["decision"], answer["offers"][0]["offer"]


async def reports(store: MemoryStore) -> list[OutcomeRecord | EventRecord]:
    records = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 1000)]
    return [record for record in records if isinstance(record, OutcomeRecord | EventRecord)]


async def weights(client: AsyncClient, affinity: str = "brand") -> dict[str, float]:
    answer = (await client.get("/v1/customers/ann")).json()
    return {entry["value"]: entry["weight"] for entry in answer["affinities"][affinity]}


async def test_an_outcome_teaches_the_profile_once(client: AsyncClient, store: MemoryStore) -> None:
    decision, offer = await decided(client, customer="ann")
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept", "value": 12.5}
    first, again = [await client.post("/v1/outcomes", json=report) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, {"accepted": 1, "repeated": 0})
    assert (again.status_code, again.json()) == (202, {"accepted": 0, "repeated": 1})
    (record,) = await reports(store)
    assert isinstance(record, OutcomeRecord)
    assert (record.customer, record.offer, record.value) == ("ann", offer, 12.5)
    assert list((await weights(client)).values()) == [4.0]


async def test_an_outcome_is_a_contact(client: AsyncClient) -> None:
    decision, offer = await decided(client, customer="ann")
    reports = [{"id": f"i{at}", "decision": decision, "offer": offer, "kind": "impression"} for at in range(3)]
    assert (await client.post("/v1/outcomes", json=reports)).json()["accepted"] == 3
    explained = await _explain(client, await decided(client, customer="ann"))
    assert explained["facts"]["contacts.shown"] == 3  # the three offers of the first slate, not the impressions


async def test_the_outcome_of_an_anonymous_decision_is_journalled_once(client: AsyncClient, store: MemoryStore) -> None:
    decision, offer = await decided(client)
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept"}
    answers = [(await client.post("/v1/outcomes", json=report)).json() for _ in range(2)]
    assert answers == [{"accepted": 1, "repeated": 0}, {"accepted": 0, "repeated": 1}]
    assert len(await reports(store)) == 1


async def test_an_offer_that_was_not_shown_has_no_outcome(client: AsyncClient, store: MemoryStore) -> None:
    decision, offer = await decided(client, customer="ann")
    good = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept"}
    answer = await client.post("/v1/outcomes", json=[good, {**good, "id": "o2", "offer": "corte-old"}])
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["[1].offer"]
    assert await reports(store) == []


async def test_an_event_teaches_the_profile_once(client: AsyncClient, store: MemoryStore) -> None:
    event = {"id": "e1", "customer": "ann", "kind": "search", "attributes": {"brand": "Alba"}}
    answers = [(await client.post("/v1/events", json=event)).json() for _ in range(2)]
    assert answers == [{"accepted": 1, "repeated": 0}, {"accepted": 0, "repeated": 1}]
    assert await weights(client) == {"Alba": 2.0}
    assert len(await reports(store)) == 1


async def test_thirty_two_writers_all_count(client: AsyncClient) -> None:
    events = [{"id": f"e{at}", "customer": "ann", "kind": "view", "attributes": {"brand": "Alba"}} for at in range(32)]
    answers = await asyncio.gather(*(client.post("/v1/events", json=event) for event in events))
    assert {answer.status_code for answer in answers} == {202}
    assert await weights(client) == {"Alba": pytest.approx(32.0)}
    assert (await client.get("/v1/customers/ann")).json()["activities"]["browsing"]["count"] == 32


async def test_events_in_their_own_time_need_admin(calling: Caller, client: AsyncClient) -> None:
    event = {
        "id": "e1",
        "customer": "ann",
        "kind": "view",
        "at": "2026-03-02T12:00:00Z",
        "attributes": {"brand": "Alba"},
    }
    assert (await (await calling("outcomes")).post("/v1/events", json=event)).status_code == 403
    assert (await client.post("/v1/events", json=event)).status_code == 202
    assert await weights(client) == {"Alba": pytest.approx(0.5)}  # thirty days old, half-life thirty days


async def test_an_outcome_follows_its_decision(client: AsyncClient) -> None:
    decision, offer = await decided(client, customer="ann")
    report = {"id": "o1", "decision": decision, "offer": offer, "kind": "accept"}
    early = await client.post("/v1/outcomes", json={**report, "at": "2026-04-01T11:58:00Z"})
    assert [error["field"] for error in early.json()["errors"]] == ["at"]
    # Clocks differ a little.
    assert (await client.post("/v1/outcomes", json={**report, "at": "2026-04-01T11:59:30Z"})).status_code == 202


async def test_the_largest_values_stay_finite_sums(client: AsyncClient) -> None:
    events = [{"id": str(at), "customer": "ann", "kind": "booking", "value": 1e12} for at in range(3)]
    assert (await client.post("/v1/events", json=events)).status_code == 202
    assert (await client.get("/v1/customers/ann")).json()["activities"]["stays"]["value"] == 3e12


CLOUD_EVENT = {"specversion": "1.0", "id": "7", "source": "/web", "type": "view", "subject": "ann"}


async def test_cloud_events_are_taken_in_every_mode(client: AsyncClient, store: MemoryStore) -> None:
    data = {"attributes": {"brand": "Brisa"}, "value": 2.0}
    structured = {"Content-Type": "application/cloudevents+json"}
    answer = await client.post("/v1/events", json={**CLOUD_EVENT, "data": data, "traceparent": "x"}, headers=structured)
    assert answer.json() == {"accepted": 1, "repeated": 0}
    batched = {"Content-Type": "application/cloudevents-batch+json"}
    batch = [{**CLOUD_EVENT, "data": data}, {**CLOUD_EVENT, "source": "/app", "data": data}]
    assert (await client.post("/v1/events", json=batch, headers=batched)).json() == {"accepted": 1, "repeated": 1}
    binary = {f"ce-{name}": value for name, value in CLOUD_EVENT.items()} | {"ce-id": "8"}
    assert (await client.post("/v1/events", json=data, headers=binary)).json() == {"accepted": 1, "repeated": 0}
    assert await weights(client) == {"Brisa": 3.0}
    assert [record.id for record in await reports(store)] == ["/web/7", "/app/7", "/web/8"]


STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BINARY = {f"ce-{name}": value for name, value in CLOUD_EVENT.items()}


async def test_a_cloud_event_needs_no_data(client: AsyncClient) -> None:
    taken = {"accepted": 1, "repeated": 0}
    for id, data in [("s0", {}), ("s1", {"data": None})]:
        answer = await client.post("/v1/events", json={**CLOUD_EVENT, "id": id, **data}, headers=STRUCTURED)
        assert answer.json() == taken
    for at, kind in enumerate([{}, {"Content-Type": "application/json"}, {"Content-Type": "application/msgpack"}]):
        assert (await client.post("/v1/events", headers={**BINARY, "ce-id": f"b{at}", **kind})).json() == taken
    assert (await client.get("/v1/customers/ann")).json()["activities"]["browsing"]["count"] == 5
    assert (await client.post("/v1/events", headers=STRUCTURED)).status_code == 400


async def test_the_data_of_a_binary_cloud_event_is_of_the_type_it_says(client: AsyncClient) -> None:
    data = msgspec.msgpack.encode({"attributes": {"brand": "Brisa"}})
    for at, kind in enumerate(["application/msgpack", "application/vnd.msgpack"]):
        headers = {**BINARY, "ce-id": str(at), "Content-Type": kind}
        assert (await client.post("/v1/events", content=data, headers=headers)).status_code == 202
    assert await weights(client) == {"Brisa": 2.0}
    answer = await client.post("/v1/events", content=b"<x/>", headers={**BINARY, "Content-Type": "text/xml"})
    assert answer.status_code == 415


async def test_the_headers_of_a_cloud_event_are_percent_encoded(client: AsyncClient) -> None:
    assert (await client.post("/v1/events", headers={**BINARY, "ce-subject": "jos%C3%A9"})).status_code == 202
    assert (await client.get("/v1/customers/josé")).json()["activities"]["browsing"]["count"] == 1
    answer = await client.post("/v1/events", headers={**BINARY, "ce-subject": "jos%E9"})
    assert [error["field"] for error in answer.json()["errors"]] == ["subject"]


async def test_cloud_events_of_two_sources_are_never_one(client: AsyncClient) -> None:
    pairs = [("a/b", "c"), ("a", "b/c"), ("a", "b%2Fc"), ("a", "b%252Fc")]
    for source, id in pairs:
        event = {**CLOUD_EVENT, "source": source, "id": id}
        assert (await client.post("/v1/events", json=event, headers=STRUCTURED)).json()["accepted"] == 1, (source, id)


@pytest.mark.parametrize(("name", "value"), [("specversion", "0.3"), ("id", ""), ("source", "")])
async def test_what_is_no_cloud_event_of_version_1_is_refused(client: AsyncClient, name: str, value: str) -> None:
    structured = await client.post("/v1/events", json={**CLOUD_EVENT, name: value}, headers=STRUCTURED)
    binary = await client.post("/v1/events", headers={**BINARY, f"ce-{name}": value})
    for answer in (structured, binary):
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [name]


async def test_a_cloud_event_about_nobody_is_refused_by_field(client: AsyncClient) -> None:
    batched = {"Content-Type": "application/cloudevents-batch+json"}
    answer = await client.post("/v1/events", json=[{**CLOUD_EVENT, "type": ""}, {"id": 3}], headers=batched)
    assert answer.status_code == 400
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"[1].id", "[1].source", "[1].type", "[1].specversion"}
    answer = await client.post("/v1/events", json=[{**CLOUD_EVENT, "type": ""}], headers=batched)
    assert [error["field"] for error in answer.json()["errors"]] == ["[0].kind"]


async def _explain(client: AsyncClient, decision: tuple[str, str]) -> dict[str, dict[str, object]]:
    told: dict[str, dict[str, object]] = (await client.get(f"/v1/decisions/{decision[0]}")).json()
    return told
