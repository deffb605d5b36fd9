"""What a campaign decides about one customer: on all that is known by then, once, however often it is asked."""

from pathlib import Path
from random import Random

import pytest

from decision.campaign.campaign import CampaignId, Order
from decision.campaign.deciding import CampaignDeciding
from decision.campaign.draw import decision_of
from decision.campaign.receipts import Receipts
from decision.engine.replaying import same_decision
from decision.journal.record import DecisionRecord
from decision.keys import customer_subject
from decision.service.decision_index import DecisionIndex
from decision.service.recorder import Recorder
from decision.store.memory import MemoryStore
from decision.subject.contacts import Contacts
from decision.subject.state import SubjectStates
from decision.version.registry import Registry
from rules.contact import DECISION_KIND, contact_record, read_contacts
from rules.errors import Conflict, Unavailable
from rules.ids import CustomerId, Instant, OfferId, PlacementId
from tests.decision.campaign.hall import NOW, Hall
from tests.decision.journal.records import log_records

ANN = CustomerId("ann")
HOUR = 3_600_000


class Fragile(MemoryStore):
    """A store that refuses some writes after it has done them, or before, and where somebody else is faster."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.refused = 0
        self.faster = 0

    async def append_once(self, key, value, receipt, expected_length=None, ttl=None, expected_end=b""):  # type: ignore[no-untyped-def]
        if self.faster and expected_length is not None:
            self.faster -= 1
            await self.append(key, contact_record(NOW, OfferId("alba-spa"), "view", "web", 1))
        result = await super().append_once(key, value, receipt, expected_length, ttl, expected_end)
        if self.refused:
            self.refused -= 1
            raise Unavailable("the connection was lost")
        return result


@pytest.fixture
def store() -> Fragile:
    return Fragile()


async def campaign(store: MemoryStore, tmp_path: Path, placement: str = "mail") -> tuple[CampaignDeciding, Order]:
    hall = Hall(store, tmp_path)
    await hall.open(0)
    await hall.change([ANN])
    snapshot = hall.service.refresher.snapshot
    assert snapshot is not None
    order = Order(CampaignId("spring"), PlacementId(placement), NOW, snapshot.catalogue.version, None)
    contacts = Contacts(store, 90, 35)
    recorder = Recorder(store, DecisionIndex(store, 90), contacts)
    receipts = Receipts(store, contacts)
    states, registry = SubjectStates(store), Registry(store)
    return CampaignDeciding(order, snapshot, states, receipts, recorder, registry, lambda: NOW, Random(1)), order


async def history(store: MemoryStore) -> list[int]:
    (blob,) = await Contacts(store, 90, 35).load([customer_subject(ANN)])
    return [int(contact["at"]) for contact in read_contacts(blob)]


async def records(store: MemoryStore) -> list[DecisionRecord]:
    return [record for record in await log_records(store) if isinstance(record, DecisionRecord)]


async def test_a_second_time_gives_what_the_first_one_gave(store: Fragile, tmp_path: Path) -> None:
    deciding, order = await campaign(store, tmp_path)
    (first,) = await deciding.decide([ANN])
    assert first.id == decision_of(order, ANN)
    made = await history(store)
    await Hall(store, tmp_path, seed=9).change([ANN])
    (again,) = await deciding.decide([ANN])
    assert (again.customer, again.id, again.known) == (ANN, first.id, True)
    assert same_decision(again.decision, first.decision)
    assert await history(store) == made
    assert {record.id for record in await records(store)} == {first.id}


async def test_a_cap_holds_though_the_campaign_takes_hours(store: Fragile, tmp_path: Path) -> None:
    deciding, _ = await campaign(store, tmp_path)
    later = Instant(NOW + 5 * HOUR)
    mails = [contact_record(later, OfferId("alba-club"), DECISION_KIND, "email", 1) for _ in range(3)]
    await Contacts(store, 90, 35).add(customer_subject(ANN), mails)
    (decided,) = await deciding.decide([ANN])
    assert decided.decision.offers == ()
    assert "contact_policy" in decided.decision.counts
    (record,) = await records(store)
    assert record.now == later


async def test_a_lost_reply_counts_once(store: Fragile, tmp_path: Path) -> None:
    deciding, _ = await campaign(store, tmp_path, "home")
    store.refused = 3
    (decided,) = await deciding.decide([ANN])
    assert len(await history(store)) == len(decided.decision.offers) == 3
    assert len(await records(store)) == 1


async def test_who_was_contacted_meanwhile_is_decided_again(store: Fragile, tmp_path: Path) -> None:
    deciding, _ = await campaign(store, tmp_path, "home")
    store.faster = 4
    (decided,) = await deciding.decide([ANN])
    (record,) = await records(store)
    assert len(read_contacts(record.contacts)) == 4
    assert len(await history(store)) == 4 + len(decided.decision.offers)


async def test_others_who_never_pause_do_not_stop_it(store: Fragile, tmp_path: Path) -> None:
    deciding, _ = await campaign(store, tmp_path, "home")
    store.faster = 10_000
    (decided,) = await deciding.decide([ANN])
    assert set(decided.decision.degraded) >= {"contention", "history"}


async def test_a_chunk_that_somebody_else_has_finished_is_not_decided_again(store: Fragile, tmp_path: Path) -> None:
    deciding, order = await campaign(store, tmp_path)
    await deciding.decide([ANN])
    await Receipts(store, Contacts(store, 90, 35)).close([(ANN, decision_of(order, ANN))])
    made = await history(store)
    with pytest.raises(Conflict, match="another process"):
        await deciding.decide([ANN])
    assert await history(store) == made


async def test_a_store_that_stays_away_is_named(
    store: Fragile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.campaign.deciding.PAUSES", (0.0, 0.0))
    deciding, _ = await campaign(store, tmp_path)
    store.refused = 1_000_000
    with pytest.raises(Unavailable, match="lost"):
        await deciding.decide([ANN, *(CustomerId(f"guest {number}") for number in range(600))])
    assert await records(store) == []
