"""Health, metrics and the OpenAPI document."""

import asyncio

import pytest
from httpx import AsyncClient

from decision.http.app import ROUTES
from decision.metrics import PUBLISHED
from decision.service.concierge import Concierge
from decision.store.memory import MemoryStore
from rules.errors import Unavailable


async def test_health_says_what_stands_in_the_way(client: AsyncClient, concierge: Concierge) -> None:
    assert (await client.get("/health/live")).json() == {"live": True}
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"], answer.json()["problems"]) == (200, True, [])
    concierge.refresher.snapshot = None
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert "concierge publish" in answer.json()["problems"][0]
    answer = await client.post("/v1/decisions", json={"placement": "home"})
    assert answer.status_code == 503
    assert "concierge publish" in answer.json()["detail"]


async def test_a_worker_stays_ready_while_the_store_is_away_for_somebody_must_serve_the_fallbacks(
    client: AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> None:
        await asyncio.sleep(5)

    async def away() -> None:
        raise Unavailable("away")

    for ping in (silent, away):
        monkeypatch.setattr(store, "ping", ping)
        answer = await client.get("/health/ready")
        health = answer.json()
        assert (answer.status_code, health["ready"], health["store"]) == (200, True, False)
        assert health["problems"][0].startswith("store: ")


async def test_metrics_count_decisions_reasons_and_answers(client: AsyncClient) -> None:
    await client.post("/v1/decisions", json={"placement": "home"})
    await client.post("/v1/decisions", json={"placement": "nowhere"})
    text = (await client.get("/metrics")).text
    for series in (
        'concierge_decisions_total{group="champion",placement="home"}',
        'concierge_decision_seconds_bucket{le="0.005",placement="home"}',
        'concierge_reasons_total{placement="home",reason="ranked"}',
        'concierge_answers_total{status="400"}',
    ):
        assert series in text
    assert all(f"# TYPE {metric}" in text or f"# TYPE {metric.removesuffix('_total')}" in text for metric in PUBLISHED)


async def test_the_document_describes_every_route(client: AsyncClient) -> None:
    answer = await client.get("/schema")
    assert answer.status_code == 200
    document = answer.json()
    described = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    assert described == {route.operation_id for route in ROUTES}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert bool(operation.get("security")) == path.startswith("/v1/"), path
            assert operation["summary"]
