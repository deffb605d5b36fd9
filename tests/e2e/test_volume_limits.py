"""Two workers with processes for bulks: single decisions and bulks at once, over HTTP, and never a unit too many."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from decision.composition import compose
from decision.keys import volume_key
from decision.store.opening import open_store
from rules.ids import VolumeId
from tests.e2e.conftest import WORKSPACE, Served, prepared

MOST = 60
FAMILIES = ("alba-family", "brisa-family", "corte-family")
LIMIT = f"""
[[volume]]
id = "rooms"
offers = "offer.theme == 'family'"
per = "id"
at_most = {MOST}
"""


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Served]:
    settings, key = await prepared(tmp_path / "data")
    async with open_store(settings) as store:
        toml = (WORKSPACE / "concierge.toml").read_bytes() + LIMIT.encode()
        offers = (WORKSPACE / "offers.csv").read_bytes()
        await compose(store, settings).publishing.publish_workspace(toml, offers, "offers.csv")
    process = Served(settings, key, ("--workers", "2"))
    yield process
    process.stop()


async def test_no_unit_too_many_is_shown_by_single_decisions_and_bulks(serving: Served) -> None:
    shown: Counter[str] = Counter()
    async with httpx.AsyncClient(base_url=serving.url, headers=serving.headers, timeout=60) as client:

        async def call(caller: int) -> None:
            for number in range(15):
                asked = {"placement": "call", "customer": f"caller-{caller}-{number}"}
                take((await client.post("/v1/decisions", json=asked)).json())

        async def bulk(sender: int) -> None:
            lines = [json.dumps({"placement": "call", "customer": f"mailed-{sender}-{n}"}) for n in range(150)]
            answer = await client.post("/v1/decisions/bulk", content="\n".join(lines) + "\n")
            for line in answer.text.splitlines():
                take(json.loads(line))

        def take(answer: dict[str, object]) -> None:
            assert answer["degraded"] == [], answer
            offers = answer["offers"]
            assert isinstance(offers, list)
            shown.update(offer["offer"] for offer in offers)

        await asyncio.gather(*(call(caller) for caller in range(8)), *(bulk(sender) for sender in range(3)))
    assert {offer: shown[offer] for offer in FAMILIES} == dict.fromkeys(FAMILIES, MOST)
    async with open_store(serving.settings) as store:
        counters = [volume_key(VolumeId("rooms"), None, offer, "total") for offer in FAMILIES]
        assert await store.count(counters) == [(MOST, 0)] * len(FAMILIES)
    serving.stop()
    command = (sys.executable, "-m", "decision.command.main", "replay")
    environment = {"CONCIERGE_DATA": serving.settings.data, "PYTHONWARNINGS": "ignore"}
    replay = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    told, _ = await replay.communicate()
    assert told.decode().startswith("570 of 570 decisions are the same bit for bit")
