"""Caps on impressions through the service: a decision keeps room for what it may show, and gives it back in time."""

from pathlib import Path

from decision.service.question import LinkReport
from rules.ids import OfferId
from tests.decision.service.test_contact_policy import ANN, COOKIE, HOME, Story, story

TWO_A_MONTH = """count = "impression"
per = "theme"
at_most = 2
within = "30d"
pending = "2h"
channels = ["web"]
"""
BY_MAIL = 'count = "decision"\nper = "theme"\nat_most = 3\nwithin = "365d"\nchannels = ["email"]\n'
REMEMBERS = 'unless = ["click", "accept"]\nrest = "60d"\n'
HOUR = 1 / 24


async def capped(folder: Path) -> Story:
    ann = await story(folder, BY_MAIL + REMEMBERS, TWO_A_MONTH)
    await ann.begin(ANN)
    return ann


async def test_what_may_be_shown_keeps_its_room_until_it_is_too_late(tmp_path: Path) -> None:
    ann = await capped(tmp_path)
    assert [await ann.decide(hours * HOUR, HOME) for hours in (0, 1)] == ["romantic"] * 2
    assert await ann.standing() == ("romantic: 1 of 2 impressions within 30d, 1 of them pending",)
    assert await ann.decide(1.5 * HOUR, HOME) == "family"
    full = await ann.why_not("romantic")
    assert (full.reason, full.rule) == ("contact_policy", "theme-rests")
    assert full.read == {
        "count": 2,
        "at_most": 2,
        "within": "30d",
        "pending": 2,
        "offer.theme": "romantic",
    }
    assert "allows 2 of impression within 30d per theme, and there were 2, 2 of them pending." in full.sentence
    assert await ann.decide(2 * HOUR, HOME) == "romantic"


async def test_an_impression_takes_the_room_that_was_kept_for_it(tmp_path: Path) -> None:
    ann = await capped(tmp_path)
    assert await ann.decide(0, HOME) == "romantic"
    await ann.answer(HOUR, "impression")
    assert await ann.decide(1.5 * HOUR, HOME) == "romantic"
    assert await ann.standing() == ("romantic: 1 of 2 impressions within 30d",)
    await ann.answer(1.6 * HOUR, "impression")
    for hours in (2, 4, 720):
        assert await ann.decide(hours * HOUR, HOME) == "family"
    # Thirty days after the first one was seen, not decided.
    assert await ann.decide(30 + HOUR, HOME) == "romantic"


async def test_an_impression_of_a_visitor_who_became_a_customer_counts_once(tmp_path: Path) -> None:
    ann = await capped(tmp_path)
    await ann.begin(None, COOKIE)
    assert await ann.decide(0, HOME, None, COOKIE) == "romantic"
    shown = (ann.decision, ann.offer)
    await ann.concierge.customers.link(LinkReport(COOKIE, ANN, "login"))
    assert await ann.decide(0.1 * HOUR, HOME) == "romantic"
    ann.decision, ann.offer = shown
    await ann.answer(0.2 * HOUR, "impression")
    assert await ann.decide(0.3 * HOUR, HOME) == "family"
    assert (await ann.why_not("romantic")).read["pending"] == 1
    assert await ann.decide(2.1 * HOUR, HOME) == "romantic"


async def test_the_slate_itself_keeps_to_an_impression_cap(tmp_path: Path) -> None:
    ann = await capped(tmp_path)
    await ann.decide(0, HOME, slots=3)
    explanation = await ann.concierge.explaining.explain(ann.decision)
    shown = [ann.theme(OfferId(each.offer)) for each in explanation.offers if each.status == "shown"]
    assert len(shown) == 3
    assert max(map(shown.count, shown)) == 2
