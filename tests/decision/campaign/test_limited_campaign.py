"""A campaign under volume limits: none is ever exceeded, whatever is killed, and what was not given comes back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId
from decision.campaign.hands import Crew
from decision.command.campaign_run import CampaignShow
from decision.engine.replaying import replay, same_decision
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.version.versions import Versions
from rules.ids import DecisionId, PlacementId
from tests.decision.campaign.hall import FAMILIES, LIMITS, NOW, Hall, output, write_names

GUESTS = 800


async def run(url: str, data: Path, wish: Wish, audience: Path) -> bool:
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    show = CampaignShow(Settings(store=url, data=str(data)), wish, audience, crew, Console(file=StringIO()))
    return await show.run()


async def test_no_limit_is_exceeded_and_nothing_stays_held(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(GUESTS, LIMITS)
    audience = write_names(tmp_path / "audience.csv", guests)
    dry = Wish("a", "d", PlacementId("mail"), tmp_path / "dry.parquet", NOW, CampaignId("one"), dry_run=True, chunk=50)
    assert await run(valkey_url, hall.data, dry, audience)
    assert set(await hall.counted(valkey_store)) == {(0, 0)}
    wish = Wish("a", "d", PlacementId("mail"), tmp_path / "out.parquet", NOW, CampaignId("one"), chunk=50)
    assert await run(valkey_url, hall.data, wish, audience)
    rows = output(wish.out)
    assert rows == output(dry.out)
    given = Counter(offer for _, _, offers in rows for offer in offers)
    total = sum(given.values())
    assert total == 500
    assert all(given[offer] <= 120 for offer in FAMILIES)
    # What has to be sent is sent although hardly anybody values it.
    # What everybody values most is given as often as may be.
    assert given["corte-family"] == 120
    assert 60 <= given["alba-club"] + given["brisa-club"] < 75
    taken = sorted(await hall.counted(valkey_store))
    assert taken == sorted([(total, 0), *((given[offer], 0) for offer in FAMILIES)])
    assert hall.journalled() == rows

    # Every decision is made again from the journal, with the prices and the room of its moment.
    versions = Versions(hall.service.publishing._registry)
    records = hall.records()
    assert len(records) == GUESTS
    for record in records:
        again = replay(record, await versions.past(record), await versions.prices(record))
        assert same_decision(again, record.decision)
    assert len({record.terms.prices for record in records if record.terms is not None}) > 1
    shown = next(row for row in rows if row[2])
    explanation = await hall.service.explaining.explain(DecisionId(shown[1]))
    assert [offer.offer for offer in explanation.offers if offer.status == "shown"] == list(shown[2])
