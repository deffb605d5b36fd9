import re
import time

import msgspec
import pytest
from httpx import AsyncClient
from prometheus_client import REGISTRY

from decision.figures import figures
from decision.http.decisions import PATH
from decision.journal.record import DecisionRecord, decode_record
from decision.keys import JOURNAL
from decision.store.memory import MemoryStore
from decision.store.port import START
from tests.decision.http.conftest import BODY_LIMIT, WORKSPACE, Caller, HandClock


async def journal(store: MemoryStore) -> list[DecisionRecord]:
    records = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 1000)]
    return [record for record in records if isinstance(record, DecisionRecord)]


async def test_a_slate_is_answered_with_creatives_and_journalled(client: AsyncClient, store: MemoryStore) -> None:
    question = {"placement": "home", "customer": "ann", "context": {"device": "phone"}}
    answer = await client.post("/v1/decisions", json=question)
    assert answer.status_code == 200
    slate = answer.json()
    assert [offer["rank"] for offer in slate["offers"]] == [1, 2, 3]
    assert all(set(offer["creative"]) == {"title", "image"} for offer in slate["offers"])
    assert slate["customer"] == "ann"
    assert slate["degraded"] == []
    (record,) = await journal(store)
    assert record.id == slate["decision"]
    assert [shown.offer for shown in record.decision.offers] == [offer["offer"] for offer in slate["offers"]]
    assert [shown.probability for shown in record.decision.offers] == [
        offer["probability"] for offer in slate["offers"]
    ]


@pytest.mark.parametrize(("placement", "most"), [("home", 3), ("call", 2), ("mail", 1)])
async def test_every_channel_decides_for_anyone(client: AsyncClient, placement: str, most: int) -> None:
    answer = (await client.post("/v1/decisions", json={"placement": placement})).json()
    assert len(answer["offers"]) <= most
    assert answer["customer"] is None


async def test_the_explanation_names_every_offer_and_replays_equal(client: AsyncClient) -> None:
    decision = (await client.post("/v1/decisions", json={"placement": "home", "visitor": "v1"})).json()
    answer = await client.get(f"/v1/decisions/{decision['decision']}")
    assert answer.status_code == 200
    told = answer.json()
    assert told["replayed_equal"] is True
    assert len(told["offers"]) == 12
    assert all(offer["reason"] and offer["sentence"] for offer in told["offers"])
    shown = [offer["offer"] for offer in told["offers"] if offer["status"] == "shown"]
    assert shown == [offer["offer"] for offer in decision["offers"]]


async def test_the_explanation_outlives_a_catalogue_change(client: AsyncClient) -> None:
    decision = (await client.post("/v1/decisions", json={"placement": "home", "visitor": "v1"})).json()["decision"]
    before = (await client.get(f"/v1/decisions/{decision}")).json()
    toml = (WORKSPACE / "concierge.toml").read_text().replace("factor = 1.2", "factor = 3.0")
    offers = (WORKSPACE / "offers.csv").read_text()
    published = await client.put("/v1/catalogue", json={"workspace": toml, "offers": offers})
    assert published.status_code == 200
    after = (await client.get(f"/v1/decisions/{decision}")).json()
    assert after == before


async def test_a_dry_run_leaves_no_trace(client: AsyncClient, store: MemoryStore) -> None:
    first = await client.post("/v1/decisions", json={"placement": "home", "customer": "ann", "dry_run": True})
    assert first.status_code == 200
    assert await journal(store) == []
    assert (await client.get("/v1/customers/ann")).status_code == 404


async def test_contacts_are_counted_at_decision_time(client: AsyncClient) -> None:
    question = {"placement": "mail", "customer": "ann"}
    await client.put("/v1/customers/ann", json={"consents": {"email": True}})
    shown = [len((await client.post("/v1/decisions", json=question)).json()["offers"]) for _ in range(5)]
    assert shown == [1, 1, 1, 0, 0]


async def test_a_decision_for_another_time_needs_admin(
    calling: Caller, client: AsyncClient, store: MemoryStore
) -> None:
    question = {"placement": "home", "at": "2020-06-01T00:00:00Z"}
    refused = await (await calling("decide:web")).post("/v1/decisions", json=question)
    assert refused.status_code == 403
    assert await journal(store) == []
    assert (await client.post("/v1/decisions", json=question)).status_code == 200
    (record,) = await journal(store)
    assert record.now < record.written


async def test_a_key_decides_only_on_its_channels(calling: Caller) -> None:
    web = await calling("decide:web")
    assert (await web.post("/v1/decisions", json={"placement": "home"})).status_code == 200
    refused = await web.post("/v1/decisions", json={"placement": "call"})
    assert refused.status_code == 403
    assert "decide:call-center" in refused.json()["detail"]


async def test_messagepack_in_and_out(client: AsyncClient) -> None:
    body = msgspec.msgpack.encode({"placement": "home", "slots": 1})
    headers = {"Content-Type": "application/vnd.msgpack", "Accept": "application/vnd.msgpack"}
    answer = await client.post("/v1/decisions", content=body, headers=headers)
    assert answer.headers["content-type"].startswith("application/vnd.msgpack")
    assert len(msgspec.msgpack.decode(answer.content)["offers"]) == 1


async def test_a_request_may_leave_offers_out_and_ask_for_fewer(client: AsyncClient) -> None:
    question = {"placement": "home", "slots": 2, "exclude": ["alba-family", "corte-family", "gone-since-long"]}
    shown = [offer["offer"] for offer in (await client.post("/v1/decisions", json=question)).json()["offers"]]
    assert len(shown) == 2
    assert not {"alba-family", "corte-family"} & set(shown)


async def test_a_tactical_lever_holds_in_its_own_time(client: AsyncClient, clock: HandClock) -> None:
    explained = await _explained(client, "corte-family")
    assert explained["levers"] == 1.5
    clock.now = type(clock.now)(clock.now + 200 * 86_400_000)
    assert (await _explained(client, "corte-family"))["levers"] == 1.0


async def _explained(client: AsyncClient, offer: str) -> dict[str, object]:
    decision = (await client.post("/v1/decisions", json={"placement": "home"})).json()["decision"]
    told = (await client.get(f"/v1/decisions/{decision}")).json()["offers"]
    return next(entry for entry in told if entry["offer"] == offer)


async def test_an_explanation_needs_the_scope_of_its_channel(client: AsyncClient, calling: Caller) -> None:
    call, web, both = [await calling(*scopes) for scopes in (("decide:call-center",), ("decide:web",), ("admin",))]
    route = f"/v1/decisions/{(await call.post('/v1/decisions', json={'placement': 'call'})).json()['decision']}"
    assert [(await who.get(route)).status_code for who in (call, web, both)] == [200, 403, 200]


async def test_only_a_dry_run_looks_ahead(client: AsyncClient, store: MemoryStore) -> None:
    ahead = {"placement": "home", "customer": "ann", "at": "2026-12-24T18:00:00Z"}
    assert (await client.post("/v1/decisions", json=ahead)).status_code == 400
    answer = await client.post("/v1/decisions", json={**ahead, "dry_run": True})
    assert answer.status_code == 200
    assert await journal(store) == []
    assert (await client.get("/v1/customers/ann")).status_code == 404


async def test_the_stages_of_a_decision_are_timed_for_whoever_asks(client: AsyncClient) -> None:
    question = {"placement": "mail", "customer": "ann"}
    await client.put("/v1/customers/ann", json={"consents": {"email": True}})
    assert "server-timing" not in (await client.post("/v1/decisions?timing=false", json=question)).headers
    begun = time.perf_counter()
    answer = await client.post("/v1/decisions?timing=true", json=question)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200
    entries = answer.headers["server-timing"].split(", ")
    stages = {match[1]: float(match[2]) for entry in entries if (match := re.fullmatch(r"(\w+);dur=(\d+\.\d+)", entry))}
    assert len(stages) == len(entries)
    assert list(stages)[:2] == ["admit", "load"]
    assert list(stages)[-4:] == ["conclude", "journal", "answer", "total"]
    assert {"facts", "screen", "predict", "draw"} < set(stages)
    total = stages.pop("total")
    assert 0 < total < took
    assert sum(stages.values()) == pytest.approx(total, abs=0.0005 * (len(stages) + 1))


async def test_timing_is_true_or_false(client: AsyncClient) -> None:
    answer = await client.post("/v1/decisions?timing=perhaps", json={"placement": "home"})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["timing"]


@pytest.mark.parametrize("accept", ["application/json", "application/msgpack"])
async def test_the_head_of_an_answer_is_complete(client: AsyncClient, accept: str) -> None:
    answer = await client.post("/v1/decisions", json={"placement": "home"}, headers={"Accept": accept})
    kind = "application/vnd.msgpack" if "msgpack" in accept else accept
    assert dict(answer.headers) == {"content-type": kind, "content-length": str(len(answer.content))}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/msgpack;q=0", "application/json"),
        ("application/json, application/msgpack ; q=0.0", "application/json"),
        ("application/msgpack;q=0.5", "application/vnd.msgpack"),
        ("application/msgpack;q=0, application/x-msgpack", "application/vnd.msgpack"),
    ],
)
async def test_what_a_caller_cannot_take_is_not_sent(client: AsyncClient, accept: str, kind: str) -> None:
    answer = await client.post("/v1/decisions", json={"placement": "home"}, headers={"Accept": accept})
    assert answer.headers["content-type"] == kind


_FINE = b'{"placement": "home"}'


@pytest.mark.parametrize(
    ("status", "body", "query", "head"),
    [
        (200, _FINE, "", {}),
        (200, _FINE, "?timing=true", {"accept": "application/msgpack"}),
        (400, _FINE, "?timing=perhaps", {}),
        (400, b'{"placement": "home", "slots": 0, "colour": 1}', "", {}),
        (400, b"{", "", {}),
        (400, b"", "", {}),
        (401, _FINE, "", {"authorization": "Bearer nonsense"}),
        (403, b'{"placement": "mail"}', "", {}),
        (413, b" " * BODY_LIMIT + _FINE, "", {}),
        (415, _FINE, "", {"content-type": "text/csv"}),
    ],
)
async def test_litestar_answers_no_differently(
    calling: Caller, status: int, body: bytes, query: str, head: dict[str, str]
) -> None:
    client = await calling("decide:web")
    figures.hand_over()
    before = REGISTRY.get_sample_value("concierge_answers_total", {"status": str(status)}) or 0
    express, slow = [await client.post(f"{path}{query}", content=body, headers=head) for path in (PATH, f"{PATH}/")]
    figures.hand_over()
    assert REGISTRY.get_sample_value("concierge_answers_total", {"status": str(status)}) == before + 2
    assert express.status_code == slow.status_code == status
    assert set(express.headers) == set(slow.headers)
    assert express.headers["content-type"] == slow.headers["content-type"]
    if status != 200:
        # Litestar has a sentence of its own for what it finds wrong itself.
        assert {**express.json(), "detail": ""} == {**slow.json(), "detail": ""}
