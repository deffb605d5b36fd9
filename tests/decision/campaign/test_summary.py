"""A summary adds up what the parts say, and agrees with a count over the rows themselves."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import duckdb
import msgspec
import pytest
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.hands import Crew
from decision.campaign.summary import Summary
from decision.command.campaign_run import CampaignShow
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.ids import PlacementId
from tests.decision.campaign.hall import NOW, Hall, write_names

_SHARES = """
SELECT {name}, count(*), count(DISTINCT customer), sum(coalesce(propensity, 1.0) * value)
FROM read_parquet($out) WHERE offer IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1
"""


async def test_the_summary_is_what_the_rows_say(valkey_url: str, valkey_store: RedisStore, tmp_path: Path) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    audience = write_names(tmp_path / "audience.csv", [*await hall.open(120), "stranger"])
    out = tmp_path / "out.parquet"
    columns = ("theme", "brand")
    wish = Wish("a", "d", PlacementId("home"), out, NOW, chunk=17, columns=columns)
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    settings = Settings(store=valkey_url, data=str(hall.data))
    assert await CampaignShow(settings, wish, audience, crew, Console(file=StringIO())).run()
    summary = msgspec.json.decode(out.with_suffix(".summary.json").read_bytes(), type=Summary)
    with duckdb.connect() as connection:
        for name, shares in (("offer", summary.offers), *summary.columns.items()):
            rows = connection.execute(_SHARES.format(name=name), {"out": str(out)}).fetchall()
            assert [(share.name, share.shown, share.customers) for share in shares if share.shown] == [
                row[:3] for row in rows
            ]
            assert [share.expected for share in shares if share.shown] == pytest.approx(
                [row[3] for row in rows], rel=1e-12
            )
    assert summary.customers == 121
    assert any(share.customers < share.shown for share in summary.columns["brand"])
