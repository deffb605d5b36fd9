"""A campaign has the groups that every other decision has, and says how many of its customers are in each."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from random import Random

import duckdb
import msgspec
import numpy as np
import pytest
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId, Order
from decision.campaign.deciding import CampaignDeciding
from decision.campaign.hands import Crew
from decision.campaign.limits import CampaignLimits
from decision.campaign.receipts import Receipts
from decision.campaign.summary import Summary
from decision.command.campaign_run import CampaignShow
from decision.engine.replaying import replay, same_decision
from decision.journal.settling import settle
from decision.service.decision_index import DecisionIndex
from decision.service.recorder import Recorder
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.subject.contacts import Contacts
from decision.subject.state import SubjectStates
from decision.version.registry import Registry
from decision.version.versions import Versions
from models.artefact import encode_artefact
from rules.division import CHAMPION, HOLDOUT
from rules.ids import Instant, PlacementId
from tests.decision.campaign.hall import LIMITS, NOW, Hall, write_names
from tests.models.small_model import GOAL, trained

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


async def test_prices_are_found_without_who_is_held_out(valkey_store: RedisStore, tmp_path: Path) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    names = await hall.open(60, DIVIDED + LIMITS)
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    limits = CampaignLimits.of(snapshot, MAIL, NOW)
    assert limits is not None
    order = Order(CampaignId("spring"), MAIL, NOW, snapshot.catalogue.version, None)
    contacts = Contacts(valkey_store, 90, 35)
    recorder = Recorder(valkey_store, DecisionIndex(valkey_store, 90), contacts)
    deciding = CampaignDeciding(
        order,
        snapshot,
        SubjectStates(valkey_store),
        Receipts(valkey_store, contacts),
        recorder,
        Registry(valkey_store),
        lambda: NOW,
        Random(1),
    )
    rows = await deciding.weigh(names, limits)
    group = snapshot.catalogue.division.group
    held = [group(MAIL, f"c:{name}") == HOLDOUT for name in names]
    widths = np.diff(rows.starts)
    assert not widths[held].any()
    assert widths[np.logical_not(held)].any()


async def test_an_arm_tries_the_challenger_of_the_campaigns_beginning(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    tried = DIVIDED.replace("candidates = \"offer.theme == 'club'\"", 'model = "challenger"')
    names = await hall.open(60, tried)
    registry = hall.service.publishing._registry
    artefacts = [msgspec.structs.replace(trained()[0], created=Instant(at)) for at in (0, 1)]
    champion, challenger = [await registry.put("model", encode_artefact(artefact), NOW) for artefact in artefacts]
    await registry.activate("model", champion, GOAL)
    await registry.challenge(GOAL, challenger)
    settings, crew = Settings(store=valkey_url, data=str(hall.data)), Crew(lambda: ThreadPoolExecutor(1), 1)
    wish = Wish("a", "d", MAIL, tmp_path / "out.parquet", NOW, chunk=40)
    console = Console(file=StringIO(), width=200)
    assert await CampaignShow(settings, wish, write_names(tmp_path / "a.csv", names), crew, console).run()
    await settle(valkey_store, hall.data)
    models = {record.decision.group: record.model for record in hall.records()}
    assert models == {HOLDOUT: champion, CHAMPION: champion, "x/clubs": challenger}
    versions = Versions(registry)
    for record in hall.records():
        assert same_decision(replay(record, await versions.past(record)), record.decision)
