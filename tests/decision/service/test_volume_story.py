"""Three rooms left, in the hotel world: website, call centre and newsletter sell them, and nobody sells a fourth."""

from pathlib import Path

from decision.composition import compose
from decision.engine.explained_offer import ExplainedOffer
from decision.service.admission import admit
from decision.service.answer import DecisionAnswer
from decision.service.question import DecisionQuestion, ProfileForm
from decision.settings import Settings
from decision.store.memory import MemoryStore
from loadtest.hotel.offers import workspace_folder
from rules.ids import CustomerId, Instant, OfferId, PlacementId
from rules.instant import parse_instant

MONDAY = parse_instant("2027-01-04T09:30:00Z")
DAY = 86_400_000
ROOM = OfferId("budino-romantic-malaga")
LIMITS = """
[[volume]]
id = "last-rooms"
offers = "offer.id == '{room}'"
at_most = {rooms}
because = "The house has that many rooms left."

[[volume]]
id = "mails-a-day"
at_most = 2
within = "day"
zone = "Europe/Lisbon"
channels = ["email"]
"""


class House:
    """The hotel group's service as days pass; every placement wants to sell `ROOM` first."""

    def __init__(self, folder: Path) -> None:
        self.now = MONDAY
        store = MemoryStore(lambda: self.now / 1000)
        self.concierge = compose(store, Settings(data=str(folder), deadline_ms=10_000), lambda: self.now)

    async def publish(self, rooms: int) -> None:
        toml = (
            (workspace_folder() / "concierge.toml").read_text().replace("slots = ", f'mandatory = ["{ROOM}"]\nslots = ')
        )
        offers = (workspace_folder() / "offers.csv").read_bytes()
        limits = LIMITS.format(room=ROOM, rooms=rooms)
        await self.concierge.publishing.publish_workspace((toml + limits).encode(), offers, "offers.csv")
        await self.concierge.refresher.refresh()

    async def decide(self, guest: str, placement: str, dry: bool = False) -> DecisionAnswer:
        """What a guest is shown, told or sent."""
        await self.concierge.customers.put(CustomerId(guest), ProfileForm({"party": "couple"}, {"email": True}))
        question = DecisionQuestion(PlacementId(placement), CustomerId(guest), dry_run=dry)
        answer = await self.concierge.deciding.decide(admit(question, self.concierge.refresher.snapshot, self.now))
        assert answer.degraded == ()
        return answer

    async def sells(self, guest: str, placement: str, dry: bool = False) -> bool:
        """Whether the room was offered."""
        return ROOM in [shown.offer for shown in (await self.decide(guest, placement, dry)).offers]

    async def why_not(self, answer: DecisionAnswer) -> ExplainedOffer:
        explanation = await self.concierge.explaining.explain(answer.decision)
        assert explanation.replayed_equal
        return next(each for each in explanation.offers if each.offer == ROOM)


async def test_three_rooms_are_sold_across_channels_and_days_and_a_fourth_once_there_is_one(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    await house.publish(rooms=3)
    assert await house.sells("ann", "web-home")
    assert await house.sells("ben", "call-desk", dry=True)
    assert await house.sells("cleo", "call-desk")
    house.now = Instant(MONDAY + DAY)
    assert await house.sells("dora", "newsletter")
    for placement in ("web-home", "call-desk", "newsletter"):
        assert not await house.sells("eva", placement, dry=True)
    late = await house.decide("eva", "web-home")
    assert len(late.offers) == 3
    told = await house.why_not(late)
    assert (told.reason, told.rule) == ("sold_out", "last-rooms")
    assert told.sentence == (
        "last-rooms: 3 of 3 were taken or held, by the volume limit last-rooms. The house has that many rooms left."
    )
    await house.publish(rooms=4)
    assert await house.sells("eva", "web-home")
    assert not await house.sells("finn", "web-home")


async def test_the_newsletter_sends_no_more_than_its_mails_a_day(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.publish(rooms=100)
    sent = [len((await house.decide(f"guest-{number}", "newsletter")).offers) for number in range(3)]
    assert sent == [1, 1, 0]
    assert len((await house.decide("guest-3", "web-home")).offers) == 3
    unsent = await house.decide("guest-4", "newsletter")
    told = await house.why_not(unsent)
    assert (told.rule, told.read["left"], told.read["zone"]) == ("mails-a-day", 0, "Europe/Lisbon")
    # Winter in Lisbon: its midnight is that of UTC.
    house.now = Instant(MONDAY + DAY // 2 + 2 * 3_600_000 + 30 * 60_000 - 1)
    assert not await house.sells("guest-5", "newsletter")
    house.now = Instant(house.now + 1)
    assert await house.sells("guest-5", "newsletter")
