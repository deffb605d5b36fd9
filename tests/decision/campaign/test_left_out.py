"""How often each reason left out each offer and theme: as the explanations of all decisions say, one by one."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId
from decision.campaign.hands import Crew
from decision.campaign.part import Share
from decision.campaign.summary import Summary
from decision.command.campaign_run import CampaignShow
from decision.command.campaign_table import show_summary
from decision.engine.explanation import explain
from decision.journal.settling import settle
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.ids import PlacementId
from tests.decision.campaign.hall import LIMITS, NOW, Hall, write_names

GUESTS = 240


def told(shares: tuple[Share, ...]) -> dict[str | None, dict[str, int]]:
    return {share.name: share.left_out for share in shares if share.left_out}


def as_dicts(counts: Mapping[str | None, Counter[str]]) -> dict[str | None, dict[str, int]]:
    return {name: dict(each) for name, each in counts.items()}


async def summary_of(hall: Hall, url: str, placement: str, tmp_path: Path, more: str) -> Summary:
    audience = write_names(tmp_path / "audience.csv", [*await hall.open(GUESTS, more), "stranger"])
    out = tmp_path / "out.parquet"
    wish = Wish("a", "d", PlacementId(placement), out, NOW, CampaignId("autumn"), chunk=50, columns=("theme", "brand"))
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    settings = Settings(store=url, data=str(hall.data))
    assert await CampaignShow(settings, wish, audience, crew, Console(file=StringIO())).run()
    return msgspec.json.decode(out.with_suffix(".summary.json").read_bytes(), type=Summary)


@pytest.mark.parametrize(("placement", "more", "reason"), [("mail", LIMITS, "sold_out"), ("home", "", "outranked")])
async def test_reasons_are_those_of_the_explanations(
    placement: str, more: str, reason: str, valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    scarce = more.replace("at_most = 500", "at_most = 20")
    summary = await summary_of(hall, valkey_url, placement, tmp_path, scarce)
    await settle(valkey_store, hall.data)
    versions = Versions(Registry(valkey_store))
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    table = snapshot.catalogue.offers
    candidates = set(snapshot.placement(PlacementId(placement)).bound.offers.ids)
    offers: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    columns: dict[str, defaultdict[str | None, Counter[str]]] = {
        name: defaultdict(Counter) for name in ("theme", "brand")
    }
    records = hall.records()
    assert len(records) == GUESTS + 1
    for record in records:
        for one in explain(record, snapshot, await versions.prices(record)).offers:
            if one.rank is not None or one.offer not in candidates:
                continue
            offers[one.offer][one.reason] += 1
            for name, counts in columns.items():
                column, row = table.columns[name], snapshot.rows[one.offer]
                counts[column.words[column.data[row]] if column.present[row] else None][one.reason] += 1
    assert told(summary.offers) == as_dicts(offers)
    assert {name: told(shares) for name, shares in summary.columns.items()} == {
        name: as_dicts(counts) for name, counts in columns.items()
    }
    assert sum(counts[reason] for counts in offers.values()) == summary.left_out[reason] > 0
    for share in (*summary.offers, *summary.columns["theme"]):
        assert list(share.left_out.values()) == sorted(share.left_out.values(), reverse=True)


def test_the_table_tells_the_commonest_reason_within_80_columns() -> None:
    most = {"attribute_absent": 9_876_543, "contact_policy": 1}
    share = Share("corte-romantic-in-autumn", 9_999_999, 1_000_000, 1_234_567.25, most)
    never = Share("alba-club", 0, 0, 0.0, {"outranked": 12})
    said = StringIO()
    summary = Summary(
        campaign="spring",
        placement="mail",
        catalogue="c",
        model=None,
        customers=2_000_000,
        repeated=0,
        unreadable=0,
        unknown=0,
        reached=1_000_000,
        shown=9_999_999,
        expected=1_234_567.25,
        offers=(share, never),
        columns={},
        nothing_shown={},
        left_out={},
        degraded={},
    )
    show_summary(Console(file=said, width=80), summary)
    text = said.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for figure in ("9,999,999", "50.0 %", "1,234,567.25", "attribute_absent", "(9,876,543)", "outranked (12)"):
        assert figure in text
    assert "contact_policy" not in text
