"""A contact history along a simulated path, contact by contact."""

from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.journal.record import DecisionRecord
from rules.contact import DECISION_KIND, IMPRESSION_KIND, contact_record, decision_tag
from rules.ids import CatalogueVersion, CustomerId, DecisionId, Instant, OfferId, PlacementId, VisitorId
from training.simulation.carried import CarriedContacts

A, B, C = OfferId("a"), OfferId("b"), OfferId("c")


def record(
    id: str,
    at: int,
    shown: tuple[OfferId, ...],
    contacts: bytes = b"",
    customer: str | None = "ann",
    visitor: str | None = None,
) -> DecisionRecord:
    offers = tuple(ShownOffer(offer, rank, None, 1.0, 1.0, 0.5, ()) for rank, offer in enumerate(shown, start=1))
    return DecisionRecord(
        id=DecisionId(id),
        written=Instant(at),
        now=Instant(at),
        seed=0,
        customer=None if customer is None else CustomerId(customer),
        visitor=None if visitor is None else VisitorId(visitor),
        request=DecisionRequest(PlacementId("home")),
        profile=b"",
        contacts=contacts,
        catalogue=CatalogueVersion("v"),
        model=None,
        decision=Decision(offers, "champion", (), {}),
    )


def contact(of: DecisionRecord, offer: OfferId, kind: str = DECISION_KIND, rank: int = 1, after: int = 0) -> bytes:
    return contact_record(Instant(of.now + after), offer, kind, "web", rank, decision_tag(of.id))


def test_what_the_log_showed_gives_way_to_what_the_simulation_shows() -> None:
    path, first = CarriedContacts(), record("one", 1, (A, B))
    path.note(first, "web", (C,))
    old = contact_record(Instant(0), C, DECISION_KIND, "email", 1, 7)
    later = record("two", 2, (A,), old + contact(first, A) + contact(first, B, rank=2))
    assert path.history(later) == old + contact(first, C)


def test_outcomes_stay_where_the_same_offer_is_shown_at_whatever_rank() -> None:
    path, first = CarriedContacts(), record("one", 1, (A, B))
    path.note(first, "web", (B, C))
    accepted, declined = contact(first, B, "accept", 2, 5), contact(first, A, "decline", 1, 6)
    shown = contact(first, A) + contact(first, B, rank=2)
    carried = path.history(record("two", 9, (), shown + declined + accepted))
    assert carried == accepted + contact(first, B) + contact(first, C, rank=2)


def test_an_impression_is_of_whatever_stands_at_its_rank() -> None:
    path, first = CarriedContacts(), record("one", 1, (A, B))
    path.note(first, "web", (C,))
    seen = contact(first, A, IMPRESSION_KIND, 1, 3) + contact(first, B, IMPRESSION_KIND, 2, 3)
    shown = contact(first, A) + contact(first, B, rank=2)
    assert path.history(record("two", 9, (), shown + seen)) == contact(first, C, IMPRESSION_KIND, 1, 3) + contact(
        first, C
    )


def test_nothing_changes_where_the_same_is_shown() -> None:
    path, first = CarriedContacts(), record("one", 1, (A, B))
    path.note(first, "web", (A, B))
    later = record("two", 2, (A,), contact(first, A) + contact(first, B, rank=2))
    assert path.history(later) is later.contacts


def test_what_showed_nothing_counts_from_now_on_and_only_for_its_own_subject() -> None:
    path, first = CarriedContacts(), record("one", 1, ())
    path.note(first, "email", (A,))
    made = contact_record(first.now, A, DECISION_KIND, "email", 1, decision_tag(first.id))
    assert path.history(record("two", 2, ())) == made
    assert path.history(record("two", 2, (), customer="bob")) == b""


def test_what_showed_a_visitor_nothing_counts_for_the_customer_that_the_visitor_turns_out_to_be() -> None:
    path, first = CarriedContacts(), record("one", 1, (), customer=None, visitor="cookie")
    path.note(first, "web", (A,))
    made = contact(first, A)
    assert path.history(record("two", 2, ())) == b""
    assert path.history(record("three", 3, (), visitor="cookie")) == made
    assert path.history(record("four", 4, ())) == made
    assert path.history(record("five", 5, (), customer="bob")) == b""


def test_a_visitor_is_known_though_nothing_differed_until_then() -> None:
    path, first = CarriedContacts(), record("one", 1, (), customer=None, visitor="cookie")
    path.history(record("zero", 0, (), visitor="cookie"))
    path.note(first, "web", (A,))
    assert path.history(record("two", 2, ())) == contact(first, A)


def test_what_a_history_has_lost_does_not_come_back() -> None:
    path, first = CarriedContacts(), record("one", 1, (A,))
    path.note(first, "web", (B,))
    assert path.history(record("two", 2, (), b"")) == b""


def test_offers_tell_decisions_of_one_tag_apart() -> None:
    path, first = CarriedContacts(), record("one", 1, (A,))
    path.note(first, "web", (B,))
    other = contact_record(Instant(1), C, DECISION_KIND, "web", 1, decision_tag(first.id))
    assert path.history(record("two", 2, (), other)) == other
