"""Decision cases as JSON: what is known and asked, and the slate and reasons that must follow."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from decision.engine.engine import decide
from decision.engine.explanation import explain
from decision.engine.request import DecisionRequest
from decision.engine.terms import Terms
from decision.journal.record import DecisionRecord, GivenTerms, decode_record, encode_record
from decision.subject.profile import ActivityFigures, AttributeValue, Decayed, Profile, encode_profile
from decision.version.prices import decode_prices, encode_prices
from rules.contact import contact_record, read_contacts
from rules.ids import CatalogueVersion, DecisionId, OfferId
from rules.instant import parse_instant
from rules.workspace import Channel
from tests.decision.small_workspace import snapshot_with

CASES = Path(__file__).parents[1] / "cases"


class Weight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weight: float
    at: str


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int
    value: float
    last: str


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    attributes: dict[str, AttributeValue] = {}
    affinities: dict[str, dict[str, Weight]] = {}
    activities: dict[str, Figures] = {}
    consents: dict[str, bool] = {}


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: str
    offer: OfferId
    channel: Channel
    kind: str = "decision"


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reasons` may leave offers out; `read` and `rule` are of the explanation, by offer."""

    slate: list[str] | None = None
    shown: list[str] | None = None
    scores: list[float] | None = None
    probabilities: list[float] | None = None
    reasons: dict[str, str] = {}
    rule: dict[str, str] = {}
    read: dict[str, dict[str, object]] = {}
    degraded: list[str] = []


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`room` and `prices` are of volume places, `LIMIT` or `LIMIT/VALUE`."""

    about: str
    now: str
    request: DecisionRequest
    expected: Expected
    workspace: dict[str, object] = {}
    profile: Person | None = Person()
    contacts: list[Contact] | None = []
    without: list[str] = []
    room: dict[str, int] = {}
    prices: dict[str, float] = {}
    seed: int = 1


def read_case(path: Path) -> Case:
    return msgspec.json.decode(path.read_bytes(), type=Case)


def profile_of(person: Person | None) -> Profile | None:
    if person is None:
        return None
    return Profile(
        person.attributes,
        {
            name: {value: Decayed(each.weight, parse_instant(each.at)) for value, each in values.items()}
            for name, values in person.affinities.items()
        },
        {
            name: ActivityFigures(each.count, each.value, parse_instant(each.last))
            for name, each in person.activities.items()
        },
        person.consents,
    )


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case, expected = read_case(path), read_case(path).expected
    snapshot = snapshot_with(case.workspace)
    now = parse_instant(case.now)
    profile = profile_of(case.profile)
    blob = b"".join(
        contact_record(parse_instant(each.at), each.offer, each.kind, each.channel, 1) for each in case.contacts or ()
    )
    history = None if case.contacts is None else read_contacts(blob)
    names = [
        place.limit.id + ("" if place.value is None else f"/{place.value}")
        for place in snapshot.catalogue.volumes.places
    ]
    prices = None
    if case.prices:
        by_place = np.array([case.prices.get(name, 0.0) for name in names])
        prices = decode_prices(encode_prices(snapshot.catalogue.version, by_place))
    terms = Terms(prices=prices).with_room({names.index(name): left for name, left in case.room.items()})
    decision = decide(case.request, profile, history, snapshot, now, case.seed, frozenset(case.without), terms=terms)
    record = DecisionRecord(
        id=DecisionId("0" * 32),
        written=now,
        now=now,
        seed=case.seed,
        customer=None,
        visitor=None,
        request=case.request,
        profile=encode_profile(profile) if profile else b"",
        contacts=blob,
        catalogue=CatalogueVersion("small"),
        model=None,
        decision=decision,
        terms=GivenTerms(terms.room, prices.version if prices else None),
    )
    journalled = decode_record(encode_record(record))
    assert isinstance(journalled, DecisionRecord)
    explanation = explain(journalled, snapshot, prices)
    told = {offer.offer: offer for offer in explanation.offers}

    assert explanation.replayed_equal is True
    assert set(told) == set(snapshot.rows)
    slate = [offer.offer for offer in decision.offers]
    assert [offer.offer for offer in explanation.offers if offer.status == "shown"] == slate
    if expected.slate is not None:
        assert slate == expected.slate
    if expected.shown is not None:
        assert sorted(slate) == expected.shown
    if expected.scores is not None:
        assert [offer.score for offer in decision.offers] == pytest.approx(expected.scores)
    if expected.probabilities is not None:
        assert [offer.probability for offer in decision.offers] == pytest.approx(expected.probabilities)
    assert {name: told[OfferId(name)].reason for name in expected.reasons} == expected.reasons
    assert {name: told[OfferId(name)].rule for name in expected.rule} == expected.rule
    assert {name: dict(told[OfferId(name)].read) for name in expected.read} == expected.read
    assert list(decision.degraded) == expected.degraded
    assert all(told[offer].sentence for offer in told)
    if "store" not in case.without:
        not_shown = [offer.reason for offer in explanation.offers if offer.status == "not_shown"]
        assert decision.counts == {slug: not_shown.count(slug) for slug in sorted(set(not_shown))}
