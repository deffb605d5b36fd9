"""A withdrawn campaign leaves no trace of what nobody was sent, and all of what somebody answered to."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId
from decision.campaign.draw import decision_of
from decision.campaign.folder import CampaignFolder, CampaignFolders
from decision.campaign.hands import Crew
from decision.campaign.limits import CampaignLimits
from decision.campaign.receipts import Receipts
from decision.campaign.withdrawing import Withdrawing, Withdrawn
from decision.campaign.workshop import decide_chunk
from decision.command.campaign_run import CampaignShow
from decision.journal.settling import settle
from decision.service.admission import admit
from decision.service.question import DecisionQuestion, OutcomeReport
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.errors import Conflict, Invalid
from rules.ids import DecisionId, OfferId, PlacementId
from tests.decision.campaign.hall import FAMILIES, LIMITS, NOW, Hall, write_names

GUESTS = 300
KEPT = 40
ID = CampaignId("spring")


class Dying(ThreadPoolExecutor):
    """Forgets what the third chunk gave, as if its process were killed before the part was written."""

    def __init__(self) -> None:
        super().__init__(1)
        self._chunks = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> "Future[Any]":
        self._chunks += function is decide_chunk
        if self._chunks < 3:
            return super().submit(function, *args)
        return super().submit(self._forget, function, *args)

    def _forget(self, function: Callable[..., Any], *args: Any) -> None:
        function(*args)
        raise RuntimeError("killed")


async def withdraw(hall: Hall, store: RedisStore, folder: CampaignFolder) -> Withdrawn:
    await settle(store, hall.data)
    receipts = Receipts(store, hall.service.intake._contacts)
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    limits = CampaignLimits.of(snapshot, PlacementId("mail"), NOW)
    withdrawing = Withdrawing(folder.campaign(), folder, store, receipts, limits, hall.data, lambda: NOW)
    return await withdrawing.withdraw(lambda _: None)


async def test_what_nothing_came_of_is_taken_back(valkey_url: str, valkey_store: RedisStore, tmp_path: Path) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(GUESTS, LIMITS)
    snapshot = hall.service.refresher.snapshot
    for guest in guests[:50]:
        question = DecisionQuestion(PlacementId("home"), guest)
        await hall.service.deciding.decide(admit(question, snapshot, NOW))
    before, units = await hall.contacts(guests), await hall.counted(valkey_store)
    audience = write_names(tmp_path / "audience.csv", guests)
    wish = Wish("a", "d", PlacementId("mail"), tmp_path / "out.parquet", NOW, ID, chunk=100)
    settings = Settings(store=valkey_url, data=str(hall.data))
    show = CampaignShow(settings, wish, audience, Crew(Dying, 1), Console(file=StringIO()))
    with pytest.raises(RuntimeError, match="killed"):
        await show.run()
    folder = CampaignFolders(hall.data).of(ID)
    assert folder.written() == {0, 1}
    await settle(valkey_store, hall.data)
    ids = {decision_of(folder.campaign().order, guest) for guest in guests}
    sent = [row for row in hall.journalled() if row[1] in ids]
    assert len(sent) == GUESTS
    answered = [(customer, id, offers[0]) for customer, id, offers in sent if offers][:KEPT]
    reports = [
        OutcomeReport(f"o{number}", DecisionId(id), "impression", OfferId(offer))
        for number, (_, id, offer) in enumerate(answered)
    ]
    await hall.service.intake.outcomes(reports)

    for _ in range(2):
        withdrawn = await withdraw(hall, valkey_store, folder)
        assert withdrawn.reported == KEPT
        assert withdrawn.decisions == GUESTS - KEPT
        assert withdrawn.offers == sum(len(offers) for _, _, offers in sent) - KEPT
        contacts = await hall.contacts(guests)
        kept = {customer for customer, _, _ in answered}
        assert contacts == {guest: before[guest] + 2 * (guest in kept) for guest in guests}
        await settle(valkey_store, hall.data)
        left = [row for row in hall.journalled() if row in sent]
        assert {id for _, id, _ in left} == {id for _, id, _ in answered}
        assert len(hall.journalled()) == KEPT + 50
        counted = await hall.counted(valkey_store)
        families = sum(offer in FAMILIES for _, _, offer in answered)
        assert sum(taken for taken, _ in counted) == sum(taken for taken, _ in units) + KEPT + families
        assert {held for _, held in counted} == {0}
    assert folder.withdrawn

    gone = next((id, offers[0]) for customer, id, offers in sent if offers and customer not in kept)
    with pytest.raises(Invalid, match="decision"):
        await hall.service.intake.outcomes([OutcomeReport("late", DecisionId(gone[0]), "impression", OfferId(gone[1]))])
    with pytest.raises(Conflict, match="withdrawn"):
        await show.run()


async def test_a_campaign_that_was_stopped_long_ago_is_not_gone_on_with(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(GUESTS)
    wish = Wish("a", "d", PlacementId("mail"), tmp_path / "out.parquet", NOW, ID, chunk=100)
    settings = Settings(store=valkey_url, data=str(hall.data))
    audience = write_names(tmp_path / "audience.csv", guests)
    show = CampaignShow(settings, wish, audience, Crew(Dying, 1), Console(file=StringIO()))
    with pytest.raises(RuntimeError, match="killed"):
        await show.run()
    folder = CampaignFolders(hall.data).of(ID)
    long_ago = time.time() - 40 * 86_400
    for path in folder.path.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    made = await hall.contacts(guests)
    with pytest.raises(Conflict, match="withdraw it"):
        await show.run()
    assert await hall.contacts(guests) == made
