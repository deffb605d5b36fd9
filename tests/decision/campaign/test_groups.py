"""A campaign has the groups that every other decision has, and says how many of its customers are in each."""

from collections import Counter
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
from decision.engine.replaying import replay, same_decision
from decision.journal.settling import settle
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.version.versions import Versions
from rules.division import CHAMPION, HOLDOUT
from rules.ids import PlacementId
from tests.decision.campaign.hall import LIMITS, NOW, Hall, write_names

MAIL = PlacementId("mail")
DIVIDED = """
[holdout]
share = 0.25

[[experiment]]
id = "x"
placements = ["mail"]
arms = [{ id = "clubs", share = 0.3, candidates = "offer.theme == 'club'", without_policies = ["three-mails-a-week"] }]
"""


@pytest.mark.parametrize("limits", ["", LIMITS])
async def test_groups_are_decided_counted_and_replayed(
    limits: str, valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    names = await hall.open(150, DIVIDED + limits)
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    groups = {name: snapshot.catalogue.division.group(MAIL, f"c:{name}") for name in names}
    out = tmp_path / "out.parquet"
    wish = Wish("a", "d", MAIL, out, NOW, chunk=40)
    settings, crew = Settings(store=valkey_url, data=str(hall.data)), Crew(lambda: ThreadPoolExecutor(1), 1)
    console = Console(file=StringIO(), width=200)
    assert await CampaignShow(settings, wish, write_names(tmp_path / "a.csv", names), crew, console).run()

    summary = msgspec.json.decode(out.with_suffix(".summary.json").read_bytes(), type=Summary)
    expected = Counter(groups.values())
    assert summary.groups == {group: expected[group] for group in (HOLDOUT, "x/clubs")}
    assert summary.nothing_shown["held_out"] == expected[HOLDOUT]
    with duckdb.connect() as connection:
        query = "SELECT customer, offer, reason FROM read_parquet($out)"
        rows = connection.execute(query, {"out": str(out)}).fetchall()
    for customer, offer, reason in rows:
        assert (reason == "held_out") == (groups[customer] == HOLDOUT)
        assert groups[customer] != HOLDOUT or offer is None
        assert groups[customer] != "x/clubs" or offer is None or offer.endswith("-club")
    contacts = await hall.contacts(names)
    assert all(contacts[name] == 0 for name in names if groups[name] == HOLDOUT)

    await settle(valkey_store, hall.data)
    records, versions = hall.records(), Versions(hall.service.publishing._registry)
    assert Counter(record.decision.group for record in records) == expected
    assert {record.none_probability for record in records if record.decision.group == HOLDOUT} == {1.0}
    for record in records:
        again = replay(record, await versions.past(record), await versions.prices(record))
        assert same_decision(again, record.decision)
    assert CHAMPION not in summary.groups
