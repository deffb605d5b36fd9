"""Volume limits through the service: never over them, and back to others what was held for nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from decision.composition import compose
from decision.engine.explained_offer import ExplainedOffer
from decision.engine.replaying import replay, same_decision
from decision.figures import figures
from decision.keys import volume_key
from decision.service.admission import Ask, admit
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Held, Hold, Write
from rules.errors import Unavailable
from rules.ids import CustomerId, DecisionId, Instant, PlacementId, VolumeId
from rules.instant import format_instant, parse_instant
from tests.decision.service.conftest import journal
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-01T12:00:00Z")
DAY = 86_400_000
FAMILIES = """
[[volume]]
id = "rooms"
offers = "offer.theme == 'family'"
per = "id"
at_most = 3
because = "There are three rooms."
"""


class CountedStore(MemoryStore):
    """The store in memory; it knows how often it was asked, and may refuse holds or writes."""

    def __init__(self) -> None:
        super().__init__(lambda: self.now / 1000)
        self.now: Instant = NOW
        self.holds = 0
        self.holding = True
        self.writing = True

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        self.holds += 1
        if not self.holding:
            raise Unavailable("no holds today")
        # Others have their turn in between, as they have over a wire.
        await asyncio.sleep(0)
        held = await super().hold(holds)
        await asyncio.sleep(0)
        return held

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        if not self.writing:
            raise Unavailable("nothing is written today")
        return await super().write(writes)


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


async def worker(
    tmp_path: Path, store: CountedStore, limits: str = FAMILIES, contact_policy: bool = False
) -> Concierge:
    """A worker, and the workspace with these limits in use."""
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=10_000), lambda: store.now)
    await publish(service, limits, contact_policy)
    return service


async def publish(service: Concierge, limits: str, contact_policy: bool = False) -> None:
    toml, offers = (FOLDER / "concierge.toml").read_text(), (FOLDER / "offers.csv").read_bytes()
    if not contact_policy:
        toml = toml[: toml.index("[[contact_policy]]")]
    await service.publishing.publish_workspace((toml + limits).encode(), offers, "offers.csv")
    await service.refresher.refresh()


def asked(service: Concierge, customer: str, placement: str = "call", at: str | None = None, dry: bool = False) -> Ask:
    question = DecisionQuestion(PlacementId(placement), CustomerId(customer), at=at, dry_run=dry)
    return admit(question, service.refresher.snapshot, service.clock())


async def decide(service: Concierge, customer: str = "ann", placement: str = "call") -> DecisionAnswer:
    return await service.deciding.decide(asked(service, customer, placement))


def offers(answer: DecisionAnswer) -> list[str]:
    return [shown.offer for shown in answer.offers]


async def taken(store: CountedStore, value: str | None, limit: str = "rooms", period: str = "total") -> tuple[int, int]:
    [counted] = await store.count([volume_key(VolumeId(limit), None, value, period)])
    return counted


async def explained(service: Concierge, decision: DecisionId, offer: str) -> ExplainedOffer:
    explanation = await service.explaining.explain(decision)
    assert explanation.replayed_equal
    return next(each for each in explanation.offers if each.offer == offer)


async def test_three_rooms_go_to_three_guests_and_the_fourth_is_told_why(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    for guest in ("ann", "ben", "cleo"):
        assert offers(await decide(service, guest)) == ["corte-family", "alba-family"]
    fourth = await decide(service, "dora")
    assert "corte-family" not in offers(fourth)
    gone = await explained(service, fourth.decision, "corte-family")
    assert (gone.status, gone.reason, gone.rule) == ("not_shown", "sold_out", "rooms")
    assert gone.sentence == "corte-family: 3 of 3 were taken or held, by the volume limit rooms. There are three rooms."
    assert gone.read == {"at_most": 3, "left": 0, "within": "total", "offer.id": "corte-family"}
    assert await taken(store, "corte-family") == (3, 0)
    # What is known to be sold out is not asked for.
    before = store.holds
    assert "corte-family" not in offers(await decide(service, "eva"))
    assert store.holds <= before + 1


async def test_the_figures_say_what_is_left(tmp_path: Path, store: CountedStore) -> None:
    limit = '[[volume]]\nid = "seen"\nper = "theme"\nat_most = 4\nchannels = ["call-center", "web"]\ntogether = false\n'
    service, seen = await worker(tmp_path, store, limit), []
    for _ in range(3):
        await decide(service, "ann")
        figures.hand_over()
        labels = {"limit": "seen", "channel": "call-center", "value": "family"}
        seen.append(REGISTRY.get_sample_value("concierge_volume_left", labels))
    assert seen == [2.0, 0.0, 0.0]


async def test_many_at_once_on_several_workers_never_take_more_than_there_is(
    tmp_path: Path, store: CountedStore
) -> None:
    services = [await worker(tmp_path, store) for _ in range(3)]
    answers = await asyncio.gather(*(decide(services[n % 3], f"guest-{n}") for n in range(60)))
    shown = Counter(offer for answer in answers for offer in offers(answer))
    families = {offer: times for offer, times in shown.items() if offer.endswith("-family")}
    assert families == {"alba-family": 3, "brisa-family": 3, "corte-family": 3}
    assert [await taken(store, offer) for offer in families] == [(3, 0)] * 3
    records = await journal(store)  # type: ignore[arg-type]
    assert len(records) == 60
    assert any(record.terms for record in records)
    for record in records:
        snapshot = services[0].refresher.snapshot
        assert snapshot is not None
        assert same_decision(replay(record, snapshot), record.decision)
        assert not record.decision.degraded


async def test_a_day_ends_in_the_zone_of_its_limit(tmp_path: Path, store: CountedStore) -> None:
    limit = '[[volume]]\nid = "a-day"\nat_most = 2\nwithin = "day"\nzone = "Pacific/Auckland"\n'
    service = await worker(tmp_path, store, limit)
    midnight = parse_instant("2026-04-01T11:00:00Z")

    async def count(at: int) -> int:
        answer = await service.deciding.decide(asked(service, "ann", at=format_instant(Instant(at))))
        return len(answer.offers)

    assert [await count(midnight - 1), await count(midnight - 1), await count(midnight), await count(midnight)] == [
        2,
        0,
        2,
        0,
    ]
    assert await taken(store, None, "a-day", "2026-04-01") == (2, 0)
    last = await service.deciding.decide(asked(service, "ann", at=format_instant(Instant(midnight - 1))))
    assert (await explained(service, last.decision, "corte-family")).sentence == (
        "a-day: 2 of 2 were taken or held on 1 April 2026 (Pacific/Auckland), by the volume limit a-day."
    )
    assert await taken(store, None, "a-day", "2026-04-02") == (2, 0)


async def test_what_is_allowed_changes_at_once_and_the_counting_goes_on(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    for guest in ("ann", "ben", "cleo"):
        await decide(service, guest)
    assert "corte-family" not in offers(await decide(service, "dora"))
    await publish(service, '[[volume]]\nid = "other"\nat_most = 99\n' + FAMILIES.replace("at_most = 3", "at_most = 4"))
    assert "corte-family" in offers(await decide(service, "dora"))
    assert "corte-family" not in offers(await decide(service, "eva"))
    await publish(service, FAMILIES.replace("at_most = 3", "at_most = 2"))
    over = await decide(service, "finn")
    told = await explained(service, over.decision, "corte-family")
    assert told.sentence.startswith("corte-family: 2 of 2 were taken or held")


async def test_who_cannot_reserve_the_contact_gives_the_units_back(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store, contact_policy=True)
    reserve, conflicts = service.deciding._contacts.add_if, 2

    async def contended(*arguments: object) -> bool:
        nonlocal conflicts
        conflicts -= 1
        return False if conflicts >= 0 else await reserve(*arguments)  # type: ignore[arg-type]

    service.deciding._contacts.add_if = contended  # type: ignore[assignment, method-assign]
    answer = await decide(service)
    assert offers(answer) == ["corte-family", "alba-family"]
    assert [await taken(store, offer) for offer in offers(answer)] == [(1, 0)] * 2


async def test_while_nothing_can_be_held_what_is_limited_is_left_out(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    store.holding = False
    answer = await decide(service)
    assert answer.degraded == ("volume",)
    assert len(answer.offers) == 2
    assert not [offer for offer in offers(answer) if offer.endswith("-family")]
    told = await explained(service, answer.decision, "corte-family")
    assert told.sentence == (
        "corte-family: no unit could be reserved by the volume limit rooms. There are three rooms."
    )


async def test_a_slate_that_may_not_have_been_written_down_is_not_shown_and_its_units_come_back(
    tmp_path: Path, store: CountedStore
) -> None:
    service = await worker(tmp_path, store)
    store.writing = False
    answer = await decide(service)
    assert (answer.degraded, offers(answer)) == (("store",), ["brisa-family"])
    store.writing = True
    assert await taken(store, "corte-family") == (0, 1)
    store.now = Instant(store.now + 60_000)
    assert await taken(store, "corte-family") == (0, 0)
    assert [len(offers(await decide(service, guest))) for guest in ("ann", "ben", "cleo")] == [2, 2, 2]
    assert await taken(store, "corte-family") == (3, 0)


async def test_a_dry_run_sees_what_is_sold_out_and_touches_nothing(tmp_path: Path, store: CountedStore) -> None:
    service, other = await worker(tmp_path, store), await worker(tmp_path, store)
    for guest in ("ann", "ben", "cleo"):
        await decide(service, guest)
    before, holds = dict(store._values), store.holds
    answer = await other.deciding.decide(asked(other, "dora", dry=True))
    assert "corte-family" not in offers(answer)
    assert answer.degraded == ()
    assert (dict(store._values), store.holds) == (before, holds)
    assert await taken(store, "alba-family") == (3, 0)


async def test_the_fallback_stands_outside(tmp_path: Path, store: CountedStore) -> None:
    limit = '[[volume]]\nid = "all"\nat_most = 1\n'
    service = await worker(tmp_path, store, limit)
    assert [len(offers(await decide(service))) for _ in range(2)] == [1, 0]

    async def away(*_: object) -> None:
        raise Unavailable("the store is away")

    service.deciding._states.read = away  # type: ignore[assignment, method-assign]
    answer = await decide(service)
    assert (answer.degraded, offers(answer)) == (("store",), ["brisa-family"])


async def test_who_shows_nothing_limited_asks_for_nothing(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store, FAMILIES.replace("'family'", "'club'"))
    assert not [offer for offer in offers(await decide(service)) if offer.endswith("-club")]
    assert store.holds == 0
    assert "club" in offers(await decide(service, placement="home"))[0] or store.holds <= 1


async def test_a_visitor_without_a_name_takes_units_too(tmp_path: Path, store: CountedStore) -> None:
    service = await worker(tmp_path, store)
    question = DecisionQuestion(PlacementId("call"))
    for _ in range(4):
        await service.deciding.decide(admit(question, service.refresher.snapshot, service.clock()))
    assert await taken(store, "corte-family") == (3, 0)
