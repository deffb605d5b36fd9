"""The contact policy of the hotel world through the service, over months: themes that rest, respite, other people."""

from pathlib import Path

import pytest

from decision.composition import compose
from decision.engine.explained_offer import ExplainedOffer
from decision.service.admission import admit
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion, EventReport, LinkReport, OutcomeReport, ProfileForm
from decision.settings import Settings
from decision.store.memory import MemoryStore
from loadtest.hotel.offers import workspace_folder
from rules.ids import CustomerId, DecisionId, Instant, OfferId, PlacementId, VisitorId
from rules.instant import format_instant, parse_instant
from tests.rules.small_workspace import replaced

DAY = 86_400_000
FIRST = parse_instant("2027-01-04T09:30:00Z")
NOW = Instant(FIRST + 200 * DAY)
ANN, COOKIE = CustomerId("ann"), VisitorId("cookie")
MAIL, HOME = PlacementId("newsletter"), PlacementId("web-home")
NAME = 'name = "hotel-group"'
CHANCE = "exploration = { epsilon = 0.05, temperature = 0.15 }"
BY_TASTE_ALONE = """
exploration = { epsilon = 0.0, temperature = 0.0 }
arbitration = ["context"]
context_weight = "offer.theme in affinity.theme ? affinity.theme[offer.theme] : 0.001"
"""
"""The next theme is the next by affinity, whatever a model thinks and chance has it."""


class Story:
    """A guest who likes romantic week-ends best, family summers next and spas after them; `day` passes."""

    def __init__(self, concierge: Concierge) -> None:
        self.concierge = concierge
        self.day = 0.0
        self.decision = DecisionId("")
        self.offer = OfferId("")

    @property
    def at(self) -> str:
        return format_instant(Instant(FIRST + round(self.day * DAY)))

    async def begin(self, customer: CustomerId | None, visitor: VisitorId | None = None) -> None:
        """Let somebody look at things long before the first day."""
        before = format_instant(Instant(FIRST - DAY))
        likes = (("romantic", 3), ("family", 2), ("spa", 1))
        views = [
            EventReport(f"{theme}-{number}", "view", customer, visitor, before, {"theme": theme})
            for theme, times in likes
            for number in range(times)
        ]
        await self.concierge.intake.events(views)
        if customer is not None:
            await self.concierge.customers.put(customer, ProfileForm({"party": "couple"}, {"email": True}))

    async def decide(
        self, day: float, placement: PlacementId = MAIL, customer: CustomerId | None = ANN,
        visitor: VisitorId | None = None, slots: int = 1,
    ) -> str:  # fmt: skip
        """The theme that is sent or shown on a day."""
        self.day = day
        question = DecisionQuestion(placement, customer, visitor, slots=slots, at=self.at)
        answer = await self.concierge.deciding.decide(admit(question, self.concierge.refresher.snapshot, NOW))
        assert answer.degraded == ()
        self.decision, self.offer = answer.decision, answer.offers[0].offer
        return self.theme(self.offer)

    async def answer(self, day: float, kind: str) -> None:
        """Respond to the latest decision."""
        self.day = day
        report = OutcomeReport(f"{kind}-{day}", self.decision, kind, self.offer, self.at)
        assert (await self.concierge.intake.outcomes([report])).unused == ()

    async def why_not(self, theme: str) -> ExplainedOffer:
        """What the explanation of the latest decision says of the first offer that only its theme speaks against."""
        explanation = await self.concierge.explaining.explain(self.decision)
        assert explanation.replayed_equal is True
        about = [each for each in explanation.offers if self.theme(each.offer) == theme]
        assert not {"outranked", "ranked"} & {each.reason for each in about}
        by_itself = ("same-mail-once-a-quarter", "taken")
        reasons = ("contact_policy", "not_wanted")
        return next(each for each in about if each.reason in reasons and each.rule not in by_itself)

    async def standing(self) -> tuple[str, ...]:
        """What the explanation of the latest decision says of the offer that was sent."""
        explanation = await self.concierge.explaining.explain(self.decision)
        return next(each.contact_policy for each in explanation.offers if each.offer == self.offer)

    def theme(self, offer: OfferId) -> str:
        snapshot = self.concierge.refresher.snapshot
        assert snapshot is not None
        column = snapshot.catalogue.offers.columns["theme"]
        return column.words[int(column.data[snapshot.rows[offer]])]


async def story(folder: Path, old: str = NAME, new: str = NAME) -> Story:
    toml = (workspace_folder() / "concierge.toml").read_text()
    toml = replaced(toml, old, new).replace(CHANCE, BY_TASTE_ALONE)
    concierge = compose(MemoryStore(lambda: NOW / 1000), Settings(data=str(folder), deadline_ms=10_000), lambda: NOW)
    offers = (workspace_folder() / "offers.csv").read_bytes()
    await concierge.publishing.publish_workspace(toml.encode(), offers, "offers.csv")
    await concierge.refresher.refresh()
    return Story(concierge)


async def test_a_theme_without_response_rests_after_three_mails_and_is_tried_again(tmp_path: Path) -> None:
    ann = await story(tmp_path)
    await ann.begin(ANN)
    assert [await ann.decide(day) for day in (0, 7, 14)] == ["romantic"] * 3
    assert await ann.standing() == ("romantic: 2 of 3 sends within 365d, no response",)
    assert await ann.decide(21) == "family"
    assert await ann.standing() == ("family: 0 of 3 sends within 365d, no response",)
    rests = await ann.why_not("romantic")
    assert (rests.rule, rests.reason) == ("theme-rests", "contact_policy")
    assert rests.sentence == (
        "romantic: 3 sends, no response, rests until 19 March 2027 09:30 UTC, by the contact policy theme-rests. "
        "Three mails about a theme without a response, and it rests for sixty days, then gets another chance."
    )
    assert rests.read == {
        "count": 3,
        "at_most": 3,
        "within": "365d",
        "rests_until": "2027-03-19T09:30:00Z",
        "last_response": None,
        "offer.theme": "romantic",
    }
    the_rest_ends = 74
    assert await ann.decide(the_rest_ends - 1 / DAY) == "family"
    assert await ann.decide(the_rest_ends) == "romantic"
    assert await ann.standing() == ("romantic: 0 of 3 sends within 365d, no response",)
    # The first of a new count.
    assert [await ann.decide(day) for day in (84, 94)] == ["romantic"] * 2
    assert await ann.decide(104) == "family"
    assert "romantic: 3 sends, no response, rests until 7 June 2027" in (await ann.why_not("romantic")).sentence


async def test_a_response_clears_the_count_and_ends_a_rest_at_once(tmp_path: Path) -> None:
    ann = await story(tmp_path)
    await ann.begin(ANN)
    assert [await ann.decide(day) for day in (0, 7)] == ["romantic"] * 2
    await ann.answer(8, "click")
    assert [await ann.decide(day) for day in (14, 21, 28)] == ["romantic"] * 3
    late = (ann.decision, ann.offer)
    assert await ann.decide(35) == "family"
    rests = await ann.why_not("romantic")
    assert "romantic: 3 sends, no response since 12 January 2027 09:30 UTC, rests until 2 April 2027" in rests.sentence
    assert rests.read["last_response"] == "2027-01-12T09:30:00Z"
    ann.decision, ann.offer = late
    await ann.answer(36, "click")
    assert await ann.decide(42) == "romantic"
    assert await ann.standing() == ("romantic: 0 of 3 sends within 365d, no response since 9 February 2027 09:30 UTC",)


async def test_after_a_booking_there_is_respite_and_then_the_theme_goes_on(tmp_path: Path) -> None:
    ann = await story(tmp_path)
    await ann.begin(ANN)
    assert [await ann.decide(day) for day in (0, 7, 14)] == ["romantic"] * 3
    await ann.answer(15, "accept")
    # An extra: all stays rest, whatever their theme.
    assert await ann.decide(21) not in ("romantic", "family", "spa")
    respite = await ann.why_not("romantic")
    assert respite.sentence == (
        "The contact policy respite-after-a-stay allows 1 of accept within 14d per kind, and there were 1. "
        "Who booked a stay is left in peace about stays for two weeks, and who took an extra about extras."
    )
    assert await ann.decide(29) == "romantic"


async def test_what_was_declined_is_not_told_again_for_a_while_and_twice_for_longer(tmp_path: Path) -> None:
    ann = await story(tmp_path)
    await ann.begin(ANN)
    desk = PlacementId("call-desk")

    async def declined(day: float) -> ExplainedOffer:
        await ann.decide(day, desk)
        explanation = await ann.concierge.explaining.explain(ann.decision)
        return next(each for each in explanation.offers if each.offer == first)

    await ann.decide(0, desk)
    first = ann.offer
    await ann.answer(0, "decline")
    assert (await declined(29)).rule == "declined"
    await ann.decide(30, desk)
    assert ann.offer == first
    await ann.answer(30, "decline")
    # The first entry that holds an offer back says why; once it has run out, the next one does.
    assert (await declined(59)).rule == "declined"
    twice = await declined(60)
    assert twice.rule == "declined-twice"
    assert f"{first}: 2 declines, rests until 2 August 2027 09:30 UTC" in twice.sentence
    assert "last_response" not in twice.read


async def test_what_a_guest_does_not_want_is_not_sent_however_much_it_is_liked(tmp_path: Path) -> None:
    ann = await story(tmp_path)
    await ann.begin(ANN)
    form = ProfileForm({"unwanted_themes": ["romantic"]}, {"email": True})
    await ann.concierge.customers.put(ANN, form)
    assert await ann.decide(0) == "family"
    unwanted = await ann.why_not("romantic")
    assert (unwanted.reason, unwanted.rule) == ("not_wanted", "asked-not-to")
    assert unwanted.sentence.startswith("The preference rule asked-not-to does not hold: The guest asked not to be")


@pytest.mark.parametrize("together", [True, False])
async def test_counting_follows_the_person(tmp_path: Path, together: bool) -> None:
    everywhere = f'channels = ["web", "email"]\ntogether = {str(together).lower()}\nunless ='
    ann = await story(tmp_path, 'channels = ["email"]\nunless =', everywhere)
    await ann.begin(ANN)
    await ann.begin(None, COOKIE)
    assert [await ann.decide(day, HOME, None, COOKIE) for day in (0, 1)] == ["romantic"] * 2
    assert await ann.decide(2) == "romantic"
    await ann.concierge.customers.link(LinkReport(COOKIE, ANN, "login"))
    # Two on the web and one by mail; only together are they three.
    assert await ann.decide(3) == ("family" if together else "romantic")
    if together:
        assert "romantic: 3 sends, no response, rests until 7 March 2027" in (await ann.why_not("romantic")).sentence
    await ann.concierge.customers.unlink(COOKIE)
    # Each has its own again: the guest one or two mails, the visitor two banners, to which the third one is added.
    assert await ann.decide(4) == "romantic"
    assert [await ann.decide(day, HOME, None, COOKIE) for day in (5, 6)] == ["romantic", "family"]
    assert await ann.decide(7) == ("romantic" if together else "family")
