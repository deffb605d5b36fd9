"""Where a goal is to increase something, showing nothing can win."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine.engine import decide
from decision.engine.explanation import explain
from decision.engine.replaying import same_decision
from decision.engine.request import Decision, DecisionRequest
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.subject.profile import EMPTY_PROFILE
from rules.choice import Exploration
from rules.contact import NO_CONTACTS
from rules.ids import CatalogueVersion, DecisionId
from rules.reason import Reason
from tests.decision.engine.small_models import CALL, rates_model
from tests.decision.small_workspace import NOW, small_catalogue

GOAL = {"goals": {"accept": {"objective": "increment", "value": None}}}
CATALOGUE = small_catalogue(GOAL)
OFFERS = CATALOGUE.offers.ids
REQUEST = DecisionRequest(CALL)


def snapshot_of(gains: list[float], exploration: Exploration | None = None, **placement: object) -> Snapshot:
    settings = {**placement, "exploration": msgspec.to_builtins(exploration or Exploration(0.0))}
    catalogue = small_catalogue({**GOAL, "placements": {"call": settings}})
    model = rates_model("accept", dict(zip(OFFERS, gains, strict=True)), "increment")
    return Snapshot.build(catalogue, {model.goal: model})


def decided(snapshot: Snapshot, seed: int = 1) -> Decision:
    return decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, seed)


def record_of(snapshot: Snapshot, decision: Decision, seed: int) -> DecisionRecord:
    placement = snapshot.placement(CALL)
    record = DecisionRecord(
        id=DecisionId("b" * 32),
        written=NOW,
        now=NOW,
        seed=seed,
        customer=None,
        visitor=None,
        request=REQUEST,
        profile=b"",
        contacts=b"",
        catalogue=CatalogueVersion("small"),
        model=placement.version,
        decision=decision,
        further_models=placement.further_models,
    )
    read = decode_record(encode_record(record))
    assert isinstance(read, DecisionRecord)
    return read


def test_an_offer_that_gains_nothing_is_not_shown() -> None:
    gains = [-1.0] * len(OFFERS)
    assert decided(snapshot_of(gains)).offers == ()
    gains[0] = 0.0
    empty = decided(snapshot_of(gains))
    assert (empty.offers, empty.none_probability) == ((), 1.0)
    gains[1] = 2.0
    assert weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot_of(gains), NOW).open[1]
    one = decided(snapshot_of(gains))
    assert [offer.offer for offer in one.offers] == [OFFERS[1]]
    assert one.none_probability == 0.0
    assert (one.offers[0].propensity, one.offers[0].value) == (None, 2.0)
    assert set(one.counts) > {"no_gain"}
    assert "outranked" not in one.counts


def test_what_nothing_is_known_of_gains_nothing_and_is_shown_by_exploration_alone() -> None:
    assert decided(Snapshot.build(CATALOGUE, {})).none_probability == 1.0
    explored = {**GOAL, "placements": {"call": {"exploration": msgspec.to_builtins(Exploration(0.6))}}}
    snapshot = Snapshot.build(small_catalogue(explored), {})
    open = int(weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW).open.sum())
    assert decided(snapshot).none_probability == pytest.approx(0.4 + 0.6 / (open + 1))


@settings(max_examples=60)
@given(
    st.lists(st.floats(-5.0, 5.0) | st.just(0.0), min_size=len(OFFERS), max_size=len(OFFERS)),
    st.builds(Exploration, st.sampled_from([0.0, 0.1, 1.0]), st.sampled_from([0.0, 0.3, 2.0])),
    st.integers(0, 2**62),
)
def test_every_empty_slate_says_how_likely_it_was_and_every_offer_why_it_was_not_shown(
    gains: list[float], exploration: Exploration, seed: int
) -> None:
    snapshot = snapshot_of(gains, exploration)
    weighing = weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW)
    chances = first_rank(weighing.scores, weighing.open, exploration, (), weighing.may_show_none)
    assert chances.sum() == pytest.approx(1.0)
    decision = decided(snapshot, seed)
    assert decision.none_probability == chances[-1]
    assert decision.offers or decision.none_probability > 0.0
    assert len(decision.offers) + sum(decision.counts.values()) == len(OFFERS)
    record = record_of(snapshot, decision, seed)
    told = explain(record, snapshot)
    assert told.replayed_equal is True
    shown = [offer.offer for offer in decision.offers]
    for offer in told.offers:
        row = snapshot.placement(CALL).bound.position[offer.offer]
        if not weighing.open[row] or offer.offer in shown:
            assert offer.reason != "no_gain"
        else:
            gains_nothing = gains[OFFERS.index(offer.offer)] <= 0.0
            assert offer.reason == ("no_gain" if gains_nothing else "outranked")
            if not gains_nothing and len(shown) < 2:
                assert offer.sentence.startswith("Showing nothing was drawn instead")
            if gains_nothing:
                assert offer.sentence == Reason.NO_GAIN.sentence
    reasons = [offer.reason for offer in told.offers if offer.status == "not_shown"]
    assert decision.counts == {slug: reasons.count(slug) for slug in sorted(set(reasons))}


def test_empty_slates_come_as_often_as_they_say() -> None:
    gains = [-1.0] * len(OFFERS)
    gains[1] = 3.0
    snapshot = snapshot_of(gains, Exploration(0.5))
    draws = 2000
    decisions = [decided(snapshot, seed) for seed in range(draws)]
    (chance,) = {decision.none_probability for decision in decisions}
    open = int(weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW).open.sum())
    assert chance == pytest.approx(0.5 / (open + 1))
    empty = sum(not decision.offers for decision in decisions)
    assert abs(empty - chance * draws) < 4 * np.sqrt(draws * chance * (1 - chance))


def test_what_a_limit_keeps_off_is_told_so_though_showing_nothing_is_left_alone() -> None:
    gains = [1.0] * len(OFFERS)
    snapshot = snapshot_of(gains, slots=9, at_most={"brand": 1})
    decision = decided(snapshot)
    brands = {offer.offer.split("-")[0] for offer in decision.offers}
    assert 1 < len(brands) == len(decision.offers) < 9
    assert "attribute_limit" in decision.counts
    assert "outranked" not in decision.counts
    told = explain(record_of(snapshot, decision, 1), snapshot).offers
    assert not any("nothing" in offer.sentence for offer in told)


def test_what_is_mandatory_is_shown_whatever_it_gains() -> None:
    decision = decided(snapshot_of([-1.0] * len(OFFERS), mandatory=[OFFERS[1]]))
    assert [(offer.offer, offer.reasons) for offer in decision.offers] == [(OFFERS[1], ("mandatory",))]
    assert decision.none_probability == 0.0


@pytest.mark.parametrize("arbitration", [["propensity"], ["context", "levers"]])
def test_showing_nothing_is_no_choice_where_the_gain_is_switched_off(arbitration: list[str]) -> None:
    decision = decided(snapshot_of([-1.0] * len(OFFERS), arbitration=arbitration))
    assert len(decision.offers) == 2
    assert decision.none_probability == 0.0


def test_what_only_brings_something_is_shown_however_little_that_is() -> None:
    catalogue = small_catalogue({"goals": {"accept": {"objective": "value", "value": None}}})
    model = rates_model("accept", dict.fromkeys(OFFERS, -1.0), "value")
    decision = decided(Snapshot.build(catalogue, {model.goal: model}))
    assert (len(decision.offers), decision.none_probability) == (2, 0.0)
    assert "no_gain" not in decision.counts


def test_without_the_model_nobody_knows_what_gains_nothing() -> None:
    snapshot = snapshot_of([-1.0] * len(OFFERS))
    decision = decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1, frozenset({"model"}))
    assert (len(decision.offers), decision.none_probability, decision.degraded) == (2, 0.0, ("model",))


def test_a_decision_of_before_there_was_such_a_choice_is_read_as_it_was() -> None:
    decision = decided(Snapshot.build(small_catalogue(), {}))
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(decision))
    del packed["none_probability"]
    assert same_decision(msgspec.convert(packed, Decision), decision)


def test_the_placement_may_also_work_towards_something_else() -> None:
    further = {"click": {"outcome": "click", "window": "1d", "value": "4.0"}}
    catalogue = small_catalogue(
        {"goals": {**GOAL["goals"], **further}, "placements": {"call": {"goals": {"click": 1.0}}}}
    )
    click = rates_model("click", dict.fromkeys(OFFERS, 0.5))
    accept = rates_model("accept", {offer: -1.0 - (offer != OFFERS[1]) for offer in OFFERS}, "increment")
    snapshot = Snapshot.build(catalogue, {accept.goal: accept, click.goal: click})
    decision = decided(snapshot)
    assert [offer.offer for offer in decision.offers] == [OFFERS[1]]
    assert decision.offers[0].score == pytest.approx(1.2)
