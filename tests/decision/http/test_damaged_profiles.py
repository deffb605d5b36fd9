"""A profile that nobody can read costs nobody else anything, and its own customer only the profile."""

import json

import msgspec
import pytest
import structlog
from httpx import AsyncClient

from decision.engine.snapshot import Snapshot
from decision.http.bulk import BATCH
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord, ProfileRecord
from decision.store.memory import MemoryStore
from decision.subject.packing import Packing
from decision.subject.profile import Profile, encode_profile
from tests.decision.journal.records import log_records

ZED, KEY = "/v1/customers/zed", "profile:{c:zed}"
OTHER_SHAPE = msgspec.msgpack.encode(["a", "b"])


@pytest.fixture(params=["cut", "flipped", "dictionary", "no messagepack", "other shape", "newer"])
async def damaged(
    request: pytest.FixtureRequest, client: AsyncClient, store: MemoryStore, published: tuple[MemoryStore, Snapshot]
) -> bytes:
    """Zed's stored profile, damaged each way."""
    packing = Packing(store)
    await packing.use(published[1].catalogue)
    stored = packing.pack(encode_profile(Profile({"tier": "gold", "member": True}, consents={"email": True})))
    await store.put(KEY, stored)
    assert (await client.get(ZED)).json()["attributes"] == {"tier": "gold", "member": True}
    damage = {
        "cut": stored[:-3],
        "flipped": stored[:-2] + bytes([stored[-2] ^ 1]) + stored[-1:],
        "dictionary": b"\xc1gone" + stored[5:],
        "no messagepack": b"\xff\xffhello",
        "other shape": OTHER_SHAPE,
        # As it was stored, but by somebody who stores what is no attribute to us.
        "newer": packing.pack(msgspec.msgpack.encode([{"tier": None}, {}, {}, {"email": True}])),
    }[request.param]
    await store.put(KEY, damage)
    return damage


async def test_a_batch_loses_nobody(client: AsyncClient, store: MemoryStore, damaged: bytes) -> None:
    people = [f"c{at}" for at in range(BATCH)]
    people[5] = "zed"
    body = b"\n".join(json.dumps({"placement": "home", "customer": name}).encode() for name in people)
    with structlog.testing.capture_logs() as logged:
        text = (await client.post("/v1/decisions/bulk", content=body)).text
    answers = [json.loads(line) for line in text.splitlines()]
    assert [answer["degraded"] for answer in answers] == [["profile"] if name == "zed" else [] for name in people]
    assert all(len(answer["offers"]) == 3 for answer in answers)
    assert [entry["subject"] for entry in logged if entry["event"] == "profile_unreadable"] == ["c:zed"]
    decided = [record for record in await log_records(store) if isinstance(record, DecisionRecord)]
    assert {record.customer: record.degraded_inputs for record in decided} == {
        name: ("profile",) if name == "zed" else () for name in people
    }


@pytest.mark.parametrize("bulk", [False, True])
async def test_caps_hold_and_decisions_are_replayed(
    client: AsyncClient, store: MemoryStore, damaged: bytes, bulk: bool
) -> None:
    shown: list[str] = []
    line = json.dumps({"placement": "home", "customer": "zed"}).encode()
    for _ in range(4):
        answer = json.loads((await client.post(f"/v1/decisions{'/bulk' if bulk else ''}", content=line)).text)
        assert answer["degraded"] == ["profile"]
        shown += [offer["offer"] for offer in answer["offers"]]
        explained = (await client.get(f"/v1/decisions/{answer['decision']}")).json()
        assert explained["replayed_equal"] is True
    assert max(shown.count(offer) for offer in shown) == 2
    (contacts,) = await store.get_many(["contacts:{c:zed}"])
    assert len(contacts or b"") == 24 * len(shown)


async def test_whoever_asks_for_it_is_told_what_to_do(client: AsyncClient, store: MemoryStore, damaged: bytes) -> None:
    before = await log_records(store)
    for method in ("GET", "PATCH"):
        with structlog.testing.capture_logs():
            answer = await client.request(method, ZED, json={"attributes": {"age": 44}})
        assert answer.status_code == 500
        assert answer.json()["title"] == "What is stored cannot be read"
        assert "PUT the customer" in answer.json()["detail"]
    assert await store.get_many([KEY]) == [damaged]
    assert await log_records(store) == before


async def test_a_whole_profile_takes_its_place(client: AsyncClient, store: MemoryStore, damaged: bytes) -> None:
    put = await client.put(ZED, json={"attributes": {"age": 30}})
    assert (put.status_code, put.json()["attributes"]) == (200, {"age": 30})
    assert (await client.get(ZED)).json() == put.json()
    last = (await log_records(store))[-1]
    assert isinstance(last, ProfileRecord)
    assert (last.change, last.customer) == ("put", "zed")


async def test_its_customer_can_be_forgotten(client: AsyncClient, store: MemoryStore, damaged: bytes) -> None:
    assert (await client.delete(ZED)).status_code == 204
    assert (await client.get(ZED)).status_code == 404
    assert await store.get_many([KEY]) == [None]


async def test_reports_are_taken_and_it_stays_as_it_is(client: AsyncClient, store: MemoryStore, damaged: bytes) -> None:
    events = [
        {"id": f"e-{name}", "customer": name, "kind": "booking", "attributes": {"brand": "Alba"}, "value": 9.0}
        for name in ("ann", "zed", "bob")
    ]
    decision = (await client.post("/v1/decisions", json={"placement": "home", "customer": "zed"})).json()
    outcome = {"id": "o1", "decision": decision["decision"], "offer": decision["offers"][0]["offer"], "kind": "accept"}
    for receipt in ({"accepted": 3, "repeated": 0}, {"accepted": 0, "repeated": 3}):
        assert (await client.post("/v1/events", json=events)).json() == receipt
    for receipt in ({"accepted": 1, "repeated": 0}, {"accepted": 0, "repeated": 1}):
        assert (await client.post("/v1/outcomes", json=outcome)).json() == receipt
    for name in ("ann", "bob"):
        assert (await client.get(f"/v1/customers/{name}")).json()["activities"]["stays"]["count"] == 1
    assert await store.get_many([KEY]) == [damaged]
    taken = [record.id for record in await log_records(store) if isinstance(record, EventRecord | OutcomeRecord)]
    assert sorted(taken) == ["e-ann", "e-bob", "e-zed", "o1"]
    (contacts,) = await store.get_many(["contacts:{c:zed}"])
    assert len(contacts or b"") == 24 * (len(decision["offers"]) + 1)


async def test_a_visitors_damage_is_told_and_ends_with_the_link(client: AsyncClient, store: MemoryStore) -> None:
    await client.put(ZED, json={"attributes": {"age": 30}})
    await client.post("/v1/identities", json={"visitor": "v1", "customer": "zed", "evidence": "login"})
    await store.put("profile:{v:v1}", OTHER_SHAPE)
    decision = (await client.post("/v1/decisions", json={"placement": "home", "visitor": "v1"})).json()
    assert (decision["customer"], decision["degraded"]) == ("zed", ["profile"])
    with structlog.testing.capture_logs():
        answer = await client.get(ZED)
    assert answer.status_code == 500
    assert "v:v1" in answer.json()["detail"]
    assert "unlink" in answer.json()["detail"]
    assert (await client.delete("/v1/identities/v1")).status_code == 204
    assert (await client.get(ZED)).json()["attributes"] == {"age": 30}
