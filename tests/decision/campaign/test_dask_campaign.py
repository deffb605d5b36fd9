"""A campaign on a cluster of separate processes gives what one process gives, bit for bit."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
import redis
from distributed import LocalCluster
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.hands import Crew
from decision.command.campaign_crew import dask_crew
from decision.command.campaign_run import CampaignShow
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.errors import Unavailable
from rules.ids import PlacementId
from tests.decision.campaign.hall import NOW, Hall, write_names

GUESTS = 500
CLUSTER = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}


def run(url: str, data: Path, wish: Wish, audience: Path, crew: Crew) -> None:
    show = CampaignShow(Settings(store=url, data=str(data)), wish, audience, crew, Console(file=StringIO()))
    assert asyncio.run(show.run())


async def prepare(url: str, data: Path) -> list[str]:
    store = RedisStore.connect(url)
    guests = await Hall(store, data).open(GUESTS)
    await store.close()
    return [*guests]


# The cluster's own threads and sockets end when they end.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_gives_the_same(valkey_url: str, tmp_path: Path) -> None:
    outputs = []
    for place in ("cluster", "here"):
        with redis.Redis.from_url(valkey_url) as client:
            client.flushall()
        data, out = tmp_path / place / "data", tmp_path / "out.parquet"
        guests = asyncio.run(prepare(valkey_url, data))
        audience = write_names(tmp_path / "audience.csv", guests)
        wish = Wish("audience", "digest", PlacementId("mail"), out, NOW, chunk=100)
        if place == "here":
            run(valkey_url, data, wish, audience, Crew(lambda: ThreadPoolExecutor(1), 1))
        else:
            with (
                LocalCluster(**CLUSTER) as cluster,  # type: ignore[no-untyped-call]
                dask_crew(cluster.scheduler_address) as crew,
            ):
                assert crew.size == 2
                run(valkey_url, data, wish, audience, crew)
        outputs.append((out.read_bytes(), out.with_suffix(".summary.json").read_bytes()))
        out.unlink()
    assert outputs[0] == outputs[1]


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decision.command.campaign_crew.CONNECT_SECONDS", 0.2)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"), dask_crew("tcp://127.0.0.1:1"):
        pass
