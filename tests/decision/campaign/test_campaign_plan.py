"""A plan tells what limits cost, and leaves nothing behind."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.folder import CampaignFolders
from decision.campaign.hands import Crew
from decision.command.campaign_run import CampaignShow
from decision.keys import JOURNAL
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.ids import PlacementId
from tests.decision.campaign.hall import LIMITS, NOW, Hall, write_names


async def test_a_plan_tells_what_limits_cost(valkey_url: str, valkey_store: RedisStore, tmp_path: Path) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(800, LIMITS)
    keys = {key async for page in valkey_store.keys("") for key in page}
    logged = await valkey_store.log_length(JOURNAL)
    said = StringIO()
    wish = Wish("a", "d", PlacementId("mail"), Path("plan"), NOW, dry_run=True, chunk=100)
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    settings = Settings(store=valkey_url, data=str(hall.data))
    audience = write_names(tmp_path / "audience.csv", guests)
    assert await CampaignShow(settings, wish, audience, crew, Console(file=said, width=120)).plan()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.getvalue().splitlines() if "│" in line]
    figures = {(limit, of): cells for limit, of, *cells in rows}
    price, left, *_, cost = figures["beds", "corte-family"]
    assert float(price) > 0.0
    assert left == "120"
    assert float(cost) > 0.0
    # What has to be sent is made cheaper than nothing, and that costs, too.
    subsidy, left, least, *_, cost = figures["club", "all"]
    assert float(subsidy) < 0.0
    assert (left, least) == ("–", "60")
    assert float(cost.replace(",", "")) > 0.0
    assert "Looking at a sample of the audience" in said.getvalue()
    assert "800 customers: expected value" in said.getvalue()
    assert {key async for page in valkey_store.keys("") for key in page} == keys
    assert await valkey_store.log_length(JOURNAL) == logged
    assert CampaignFolders(hall.data).all() == []
