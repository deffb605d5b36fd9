from collections.abc import Mapping

import pytest

from decision.engine.facts import facts_of
from decision.engine.request import ContextValue
from decision.subject.profile import ActivityFigures, AttributeValue, Decayed, Profile
from rules.contact import contact_record, read_contacts
from rules.expression import Schema
from rules.facts import Facts
from rules.ids import Instant, OfferId, PlacementId
from tests.decision.small_workspace import DAY, NOW, small_snapshot

CATALOGUE = small_snapshot().catalogue


def known(
    attributes: Mapping[str, AttributeValue] | None = None, context: Mapping[str, ContextValue] | None = None
) -> Facts:
    profile = Profile(
        dict(attributes or {}),
        {"brand": {"Alba": Decayed(4.0, Instant(NOW - 30 * DAY)), "Corte": Decayed(3.0, NOW)}},
        {"stays": ActivityFigures(2, 310.0, Instant(NOW - 3 * DAY))},
    )
    return facts_of(CATALOGUE, CATALOGUE.placements[PlacementId("home")], profile, None, context or {}, NOW)


def test_every_path_is_one_that_rules_may_read() -> None:
    facts = known({"tier": "gold", "interests": ["spa"]}, {"party": 2})
    assert set(facts) <= set(Schema.of(CATALOGUE.workspace).paths)


def test_what_is_always_there_is_there_for_nobody() -> None:
    facts = facts_of(CATALOGUE, CATALOGUE.placements[PlacementId("mail")], Profile(), None, {}, NOW)
    assert facts == {
        "now": NOW,
        "channel": "email",
        "placement": "mail",
        "affinity.brand": {},
        "affinity.destination": {},
        "affinity.theme": {},
        "activity.stays.frequency": 0,
        "activity.stays.monetary": 0.0,
        "activity.browsing.frequency": 0,
        "activity.browsing.monetary": 0.0,
        "contacts.shown": 0,
        "contacts.theme_shown": {},
    }


def test_affinities_are_decayed_and_traits_follow_them() -> None:
    facts = known()
    assert facts["affinity.brand"] == {"Alba": 2.0, "Corte": 3.0}
    assert facts["trait.preferred_brand"] == "Corte"
    assert "trait.preferred_destination" not in facts
    assert known({"favourite_brand": "Brisa"})["trait.preferred_brand"] == "Brisa"
    assert known(context={"destination": "Faro"})["trait.preferred_destination"] == "Faro"


def test_activities_give_recency_only_once_they_happened() -> None:
    facts = known()
    assert (facts["activity.stays.frequency"], facts["activity.stays.monetary"]) == (2, 310.0)
    assert facts["activity.stays.recency"] == pytest.approx(3.0)
    assert "activity.browsing.recency" not in facts


def test_values_of_another_type_than_declared_are_absent() -> None:
    facts = known(
        {"age": True, "spend": 3, "tier": 5, "member": 1, "gone": "x", "points": [], "since": "2026", "country": "PT"},
        {"party": 2.0, "device": "phone"},
    )
    assert {path for path in facts if path.startswith(("customer.", "context."))} == {
        "customer.country",
        "context.device",
    }


def test_lists_are_told_as_tuples() -> None:
    assert known({"interests": ["spa", "golf"]})["customer.interests"] == ("spa", "golf")


def test_contacts_are_counted() -> None:
    history = read_contacts(
        b"".join(
            contact_record(Instant(NOW - days * DAY), OfferId(offer), "decision", "web", 1)
            for days, offer in ((1, "alba-spa"), (2, "brisa-spa"), (3, "alba-club"), (40, "alba-club"))
        )
    )
    counts = CATALOGUE.placements[PlacementId("home")].tally.count(history, NOW)
    facts = facts_of(CATALOGUE, CATALOGUE.placements[PlacementId("home")], Profile(), counts, {}, NOW)
    assert facts["contacts.shown"] == 3
    assert facts["contacts.theme_shown"] == {"spa": 2, "club": 1}
