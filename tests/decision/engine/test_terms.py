from collections import Counter
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine.engine import decide
from decision.engine.explanation import explain
from decision.engine.replaying import replay, same_decision
from decision.engine.request import Decision, DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.terms import NO_TERMS, Prices, PricesVersion, Terms
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, GivenTerms, decode_record, encode_record
from decision.subject.profile import EMPTY_PROFILE, encode_profile
from decision.version.prices import decode_prices, encode_prices
from rules.contact import NO_CONTACTS
from rules.errors import Conflict
from rules.ids import CatalogueVersion, DecisionId, OfferId, PlacementId
from tests.decision.small_workspace import NOW, snapshot_with

HOME = PlacementId("home")
LIMITS: list[dict[str, object]] = [
    {"id": "stock", "stock": "nights", "offers": "offer.theme != 'club'"},
    {"id": "brand-a-day", "per": "brand", "at_most": 9, "within": "day", "channels": ["web", "app"], "together": False},
    {"id": "spas", "offers": "offer.theme == 'spa'", "at_most": 100, "because": "The spa has a hundred places."},
    {"id": "families", "offers": "offer.theme == 'family'", "at_least": 5},
    {"id": "elsewhere", "at_most": 1, "channels": ["email"]},
]
WIDE: dict[str, object] = {"rules": [], "contact_policy": [], "volume": LIMITS}


@cache
def snapshot(mandatory: bool = False) -> Snapshot:
    home: dict[str, object] = {"at_most": {"theme": 12}, "slots": 6, "mandatory": ["alba-family"] if mandatory else []}
    return snapshot_with({**WIDE, "placements": {"home": home}})


def places() -> list[str]:
    return [f"{place.limit.id}/{place.value}" for place in snapshot().catalogue.volumes.places]


def counted(offer: OfferId) -> list[int]:
    """The places with a most that an offer counts towards, told from the declarations alone."""
    brand, theme = offer.split("-")
    names = [f"stock/{offer}", f"brand-a-day/{brand.title()}", *(["spas/None"] if theme == "spa" else [])]
    return [places().index(name) for name in names if name in places()]


def decided(terms: Terms, seed: int = 1, without: frozenset[str] = frozenset(), mandatory: bool = False) -> Decision:
    request = DecisionRequest(HOME)
    return decide(request, EMPTY_PROFILE, NO_CONTACTS, snapshot(mandatory), NOW, seed, without, terms=terms)


def shown(decision: Decision) -> list[OfferId]:
    return [each.offer for each in decision.offers]


OPEN = [offer for offer in snapshot().catalogue.offers.ids if offer != "corte-old"]
ROOM = st.dictionaries(st.integers(0, len(places()) - 1), st.integers(-2, 7))


@settings(max_examples=200)
@given(room=ROOM, seed=st.integers(0, 2**32), mandatory=st.booleans())
def test_a_slate_takes_of_each_place_what_is_left_and_leaves_nothing_that_it_could_take(
    room: dict[int, int], seed: int, mandatory: bool
) -> None:
    decision = decided(NO_TERMS.with_room(room), seed, mandatory=mandatory)
    taken = Counter(place for offer in shown(decision) for place in counted(offer))
    assert all(taken[place] <= max(room.get(place, 6), 0) for place in taken)
    assert taken == snapshot(mandatory).placement(HOME).bound.volumes.units(
        [snapshot(mandatory).placement(HOME).bound.position[offer] for offer in shown(decision)]
    )
    if len(decision.offers) < 6:
        for offer in set(OPEN) - set(shown(decision)):
            assert any(taken[place] >= room.get(place, 6) for place in counted(offer))
    gone = [offer for offer in OPEN if any(room.get(place, 6) <= 0 for place in counted(offer))]
    assert decision.counts.get("sold_out", 0) >= len(gone)
    assert (shown(decision)[:1] == ["alba-family"]) or not mandatory or "alba-family" in gone


def test_terms_that_say_nothing_change_nothing() -> None:
    plain = decided(NO_TERMS)
    assert same_decision(plain, decided(Terms(tuple((place, 6) for place in range(len(places()))))))
    assert same_decision(plain, decided(Terms(prices=priced({}))))


def test_without_volume_nothing_passes_that_has_to_be_reserved() -> None:
    limited = snapshot_with({**WIDE, "volume": [LIMITS[2]]})
    asked = DecisionRequest(HOME, slots=3)
    decision = decide(asked, EMPTY_PROFILE, NO_CONTACTS, limited, NOW, 3, frozenset({"volume"}))
    assert decision.degraded == ("volume",)
    assert decision.counts["sold_out"] == 3
    assert not [offer for offer in shown(decision) if offer.endswith("-spa")]
    assert not shown(decided(NO_TERMS, without=frozenset({"volume"})))


def test_the_fallback_stands_outside() -> None:
    nothing_left = NO_TERMS.with_room(dict.fromkeys(range(len(places())), 0))
    assert shown(decided(nothing_left, without=frozenset({"store"}))) == ["alba-club"]


def priced(costs: dict[str, float]) -> Prices:
    by_place = np.array([costs.get(name, 0.0) for name in places()])
    return Prices(PricesVersion("v"), by_place)


@settings(max_examples=100)
@given(
    costs=st.dictionaries(st.sampled_from(places()), st.floats(-6, 6)),
    seed=st.integers(0, 2**32),
    mandatory=st.booleans(),
)
def test_scores_are_net_of_prices_and_what_is_worth_no_more_is_left_out(
    costs: dict[str, float], seed: int, mandatory: bool
) -> None:
    held = snapshot(mandatory)
    request = DecisionRequest(HOME)
    plain = weigh(request, EMPTY_PROFILE, NO_CONTACTS, held, NOW)
    prices = priced(costs)
    net = weigh(request, EMPTY_PROFILE, NO_CONTACTS, held, NOW, terms=Terms(prices=prices))
    volumes = held.placement(HOME).bound.volumes
    for row, offer in enumerate(held.placement(HOME).bound.offers.ids):
        cost = sum(float(prices.by_place[place]) for place in volumes.codes[:, row].tolist() if place >= 0)
        spared = mandatory and offer == "alba-family"
        outpriced = plain.open[row] and cost > 0.0 and plain.scores[row] <= cost and not spared
        assert net.open[row] == (plain.open[row] and not outpriced)
        if net.open[row]:
            assert net.scores[row] == pytest.approx(max(plain.scores[row] - cost, 0.0), abs=1e-9)
        else:
            assert net.scores[row] == 0.0
    decision = decided(Terms(prices=prices), seed, mandatory=mandatory)
    assert decision.counts.get("outpriced", 0) == int((plain.open & ~net.open).sum())
    assert all(net.open[held.placement(HOME).bound.position[offer]] for offer in shown(decision))


def recorded(terms: Terms, mandatory: bool = False, without: frozenset[str] = frozenset()) -> DecisionRecord:
    given_terms = GivenTerms(terms.room, None if terms.prices is None else terms.prices.version)
    record = DecisionRecord(
        id=DecisionId("d"),
        written=NOW,
        now=NOW,
        seed=1,
        customer=None,
        visitor=None,
        request=DecisionRequest(HOME),
        profile=encode_profile(EMPTY_PROFILE),
        contacts=b"",
        catalogue=CatalogueVersion("small"),
        model=None,
        decision=decided(terms, without=without, mandatory=mandatory),
        terms=given_terms,
        degraded_inputs=tuple(without),
    )
    decoded = decode_record(encode_record(record))
    assert isinstance(decoded, DecisionRecord)
    return decoded


@given(room=ROOM, cost=st.floats(0, 6))
def test_what_was_decided_on_terms_is_decided_again_bit_for_bit(room: dict[int, int], cost: float) -> None:
    blob = encode_prices(CatalogueVersion("small"), priced({"brand-a-day/Alba": cost}).by_place)
    prices = decode_prices(blob)
    record = recorded(Terms(prices=prices).with_room(room))
    assert same_decision(replay(record, snapshot(), decode_prices(blob)), record.decision)
    with pytest.raises(Conflict, match="was made with prices"):
        replay(record, snapshot())


def test_a_record_without_terms_was_decided_without_any() -> None:
    record = msgspec.structs.replace(recorded(NO_TERMS), terms=None)
    assert same_decision(replay(record, snapshot()), record.decision)


def told(record: DecisionRecord, offer: str, prices: Prices | None = None) -> tuple[str, str, str, dict[str, object]]:
    explanation = explain(record, snapshot(), prices)
    assert explanation.replayed_equal
    found = next(each for each in explanation.offers if each.offer == offer)
    assert found.status == "not_shown"
    return found.reason, found.rule, found.sentence, dict(found.read)


def test_the_explanation_says_what_of_which_limit_is_taken() -> None:
    sold = recorded(NO_TERMS.with_room({places().index("spas/None"): 0, places().index("brand-a-day/Brisa"): -1}))
    assert told(sold, "alba-spa") == (
        "sold_out",
        "spas",
        "spas: 100 of 100 were taken or held, by the volume limit spas. The spa has a hundred places.",
        {"at_most": 100, "left": 0, "within": "total"},
    )
    assert told(sold, "brisa-family") == (
        "sold_out",
        "brand-a-day",
        "Brisa: 9 of 9 were taken or held on web on 15 April 2026, by the volume limit brand-a-day.",
        {"at_most": 9, "left": 0, "within": "day", "zone": "UTC", "offer.brand": "Brisa"},
    )
    last = recorded(NO_TERMS.with_room({places().index("brand-a-day/Corte"): 1, places().index("brand-a-day/Alba"): 1}))
    kept_off = next(offer for offer in OPEN if offer.startswith("corte") and offer not in shown(last.decision))
    reason, _, sentence, _ = told(last, kept_off)
    assert reason == "sold_out"
    assert sentence.endswith(
        "8 of 9 were taken or held on web on 15 April 2026, by the volume limit brand-a-day. "
        "The offers above use up what is left."
    )
    first = next(offer for offer in explain(last, snapshot()).offers if offer.rank == 1)
    assert first.volume_limits == ("brand-a-day: 8 of 9 were taken or held on web on 15 April 2026",)
    away = recorded(NO_TERMS, without=frozenset({"volume"}))
    assert told(away, "alba-spa")[2] == "alba-spa: no unit could be reserved by the volume limit stock."


def test_the_explanation_says_what_is_too_dear() -> None:
    prices = priced({"brand-a-day/Corte": 5.0, "spas/None": 1_000.0})
    reason, rule, sentence, read = told(recorded(Terms(prices=prices)), "corte-spa", prices)
    assert (reason, rule) == ("outpriced", "spas")
    assert read == {"score": 5.25, "price": 1_005.0}
    assert sentence == "Its score 5.25 is no more than 1005, the price of the volume limits it counts towards."


@settings(max_examples=50)
@given(costs=st.dictionaries(st.sampled_from(places()), st.floats(-6, 6)))
def test_the_explanation_tells_the_price_so_that_the_score_can_be_checked(costs: dict[str, float]) -> None:
    prices = priced(costs)
    explanation = explain(recorded(Terms(prices=prices)), snapshot(), prices)
    scored = [offer for offer in explanation.offers if offer.score is not None]
    assert scored
    for offer in scored:
        assert offer.value is not None
        assert offer.price is not None
        product = (offer.propensity or 1.0) * (offer.context or 0.0) * offer.value * (offer.levers or 0.0)
        assert offer.score == max(product - offer.price, 0.0)
    for offer in explanation.offers:
        if offer.reason == "outpriced":
            assert offer.price == offer.read["price"]
    assert all(offer.price is None for offer in explain(recorded(NO_TERMS), snapshot()).offers)
