"""Two workers with a sink: decide on every channel, explain, stop, start again, explain the same."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from decision.composition import compose
from decision.store.opening import open_store
from tests.e2e.conftest import WORKSPACE, Served, prepared

SECONDS = 60.0


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Served]:
    settings, key = await prepared(tmp_path / "data")
    process = Served(settings, key, ("--workers", "2"))
    yield process
    process.stop()


async def test_a_decision_is_explained_the_same_after_a_restart_and_another_catalogue(serving: Served) -> None:
    with httpx.Client(base_url=serving.url, headers=serving.headers, timeout=SECONDS) as client:
        client.put("/v1/customers/ann", json={"consents": {"email": True}})
        decisions = [
            client.post("/v1/decisions", json={"placement": placement, "customer": "ann"}).json()
            for placement in ("home", "call", "mail")
        ]
        assert all(decision["offers"] and not decision["degraded"] for decision in decisions)
        before = [client.get(f"/v1/decisions/{decision['decision']}").json() for decision in decisions]
        _await_decisions(client, 3)
    assert serving.stop() == 0
    segments = list((serving.settings.folder / "journal").rglob("*.parquet"))
    assert segments, "the sink moves what is left when it is told to stop"
    async with open_store(serving.settings) as store:
        toml = (WORKSPACE / "concierge.toml").read_bytes().replace(b"factor = 1.2", b"factor = 2.5")
        publishing = compose(store, serving.settings).publishing
        await publishing.publish_workspace(toml, (WORKSPACE / "offers.csv").read_bytes(), "offers.csv")
    serving.start()
    with httpx.Client(base_url=serving.url, headers=serving.headers, timeout=SECONDS) as client:
        after = [client.get(f"/v1/decisions/{decision['decision']}").json() for decision in decisions]
        assert after == before
        assert all(told["replayed_equal"] for told in after)
        assert client.post("/v1/decisions", json={"placement": "home"}).json()["catalogue"] != before[0]["catalogue"]


async def test_a_new_catalogue_reaches_every_worker_while_serving(served: Served) -> None:
    with httpx.Client(base_url=served.url, headers=served.headers, timeout=SECONDS) as client:
        toml = (WORKSPACE / "concierge.toml").read_text().replace("slots = 3", "slots = 1")
        upload = {"workspace": toml, "offers": (WORKSPACE / "offers.csv").read_text()}
        version = client.put("/v1/catalogue", json=upload).json()["version"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer = client.post("/v1/decisions", json={"placement": "home"}).json()
            assert not answer["degraded"]
            assert len(answer["offers"]) == (1 if answer["catalogue"] == version else 3)
            if answer["catalogue"] == version:
                return
        raise AssertionError("the worker did not take the new catalogue")


def _await_decisions(client: httpx.Client, number: int) -> None:
    """Wait until a worker's metrics tell of so many decisions: those of the other one may be a second behind."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        lines = client.get("/metrics").text.splitlines()
        if sum(float(line.split()[-1]) for line in lines if line.startswith("concierge_decisions_total{")) == number:
            return
        time.sleep(0.1)
    raise AssertionError("the decisions were not counted")
