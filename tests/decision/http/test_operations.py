"""Health, metrics and the OpenAPI document."""

import asyncio

import pytest
from httpx import AsyncClient

from decision.care.report import CareReport, GoalCare, encode_report
from decision.http.app import ROUTES
from decision.keys import CARE_REPORT
from decision.metrics import PUBLISHED
from decision.service.concierge import Concierge
from decision.store.memory import MemoryStore
from models.artefact import Artefact, encode_artefact
from rules.errors import Unavailable
from rules.ids import GoalId, ModelVersion
from tests.decision.http.conftest import NOW

RATES = Artefact(kind="rates", goal=GoalId("accept"), objective="response", created=NOW)


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


async def test_warnings_about_a_model_leave_a_worker_ready_and_are_figures(
    client: AsyncClient, concierge: Concierge, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = (await concierge.publishing.publish_model(encode_artefact(RATES), "test")).version
    await concierge.refresher.refresh()
    assert (await client.get("/health/ready")).json()["warnings"] == []
    found = GoalCare(version=ModelVersion(version), created=NOW, trained=True, warnings=("it is old: train again",))
    report = CareReport(made=NOW, present=NOW, goals={RATES.goal: found}, warnings=("many fell back",))
    await store.put(CARE_REPORT, encode_report(report))
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"], answer.json()["problems"]) == (200, True, [])
    assert answer.json()["warnings"] == ["decisions: many fell back", "model accept: it is old: train again"]
    assert 'concierge_care_warnings{goal="accept"} 1.0' in (await client.get("/metrics")).text

    async def away(_: object) -> None:
        raise Unavailable("away")

    # What was read last stands while the store is away.
    monkeypatch.setattr(store, "get_many", away)
    assert 'concierge_care_warnings{goal="accept"} 1.0' in (await client.get("/metrics")).text
    assert (await client.get("/health/ready")).json()["ready"] is True


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
