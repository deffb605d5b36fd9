"""Decisions as groups have them: the holdout sees nothing, and an arm does what it says, everything else alike."""

import msgspec
import numpy as np
import pytest

from decision.engine.engine import decide, decide_judged, fallback_decision
from decision.engine.explanation import explain
from decision.engine.replaying import replay, same_decision
from decision.engine.request import Decision, DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.subject.profile import EMPTY_PROFILE, Profile, encode_profile
from models.artefact import encode_artefact
from models.model import load_model
from rules.contact import DECISION_KIND, NO_CONTACTS, contact_record, read_contacts
from rules.division import CHAMPION, HOLDOUT
from rules.ids import CatalogueVersion, DecisionId, Instant, OfferId, PlacementId
from rules.reason import Reason
from tests.decision.small_workspace import NOW, small_catalogue, snapshot_with
from tests.models.small_model import GOAL, trained

HOME, CALL = PlacementId("home"), PlacementId("call")
PROFILE = Profile({"tier": "gold", "member": True, "age": 41})
ARMS = (
    {"id": "plain", "share": 0.2, "arbitration": ["propensity"], "exploration": {"epsilon": 1.0}},
    {"id": "alba", "share": 0.2, "candidates": "offer.brand == 'Alba'"},
    {"id": "open", "share": 0.2, "without_rules": ["members-rates"], "without_policies": ["same-offer-twice-a-day"]},
    {"id": "even", "share": 0.2, "without_levers": ["house-brands", "corte-spring"]},
)
DIVIDED = {
    "holdout": {"share": 0.1},
    "experiment": [{"id": "x", "placements": ["home"], "arms": ARMS}],
}


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return snapshot_with(DIVIDED)


def decided(snapshot: Snapshot, group: str, seed: int = 7, profile: Profile = PROFILE) -> Decision:
    return decide(DecisionRequest(HOME), profile, NO_CONTACTS, snapshot, NOW, seed, group=group)


def record_of(decision: Decision, seed: int = 7) -> DecisionRecord:
    record = DecisionRecord(
        id=DecisionId("a" * 32),
        written=NOW,
        now=NOW,
        seed=seed,
        customer=None,
        visitor=None,
        request=DecisionRequest(HOME),
        profile=encode_profile(PROFILE),
        contacts=b"",
        catalogue=CatalogueVersion("small"),
        model=None,
        decision=decision,
    )
    read = decode_record(encode_record(record))
    assert isinstance(read, DecisionRecord)
    return read


def test_the_champion_decides_as_if_nothing_were_divided(snapshot: Snapshot) -> None:
    for seed in range(20):
        assert same_decision(decided(snapshot, CHAMPION, seed), decided(snapshot_with({}), CHAMPION, seed))


def test_the_holdout_is_shown_nothing_not_even_what_is_mandatory() -> None:
    snapshot = snapshot_with({**DIVIDED, "placements": {"home": {"mandatory": ["alba-family"]}}})
    assert decided(snapshot, CHAMPION).offers[0].offer == "alba-family"
    decision, verdicts, _ = decide_judged(DecisionRequest(HOME), PROFILE, NO_CONTACTS, snapshot, NOW, 7, group=HOLDOUT)
    assert (decision.offers, decision.group) == ((), HOLDOUT)
    open = weigh(DecisionRequest(HOME), PROFILE, NO_CONTACTS, snapshot, NOW).open
    np.testing.assert_array_equal(verdicts == Reason.HELD_OUT, open)
    assert decision.counts["held_out"] == open.sum() > 0
    assert decision.counts["out_of_period"] == 1


def test_who_is_held_out_gets_no_fallback_either(snapshot: Snapshot) -> None:
    request = DecisionRequest(HOME)
    assert fallback_decision(request, snapshot, NOW).offers
    assert fallback_decision(request, snapshot, NOW, group=HOLDOUT).offers == ()
    lost = decide(request, None, None, snapshot, NOW, 7, frozenset({"store"}), group=HOLDOUT)
    assert (lost.offers, lost.group) == ((), HOLDOUT)


def test_an_arm_switches_off_what_it_names(snapshot: Snapshot) -> None:
    plain = decided(snapshot, "x/plain")
    assert {shown.score for shown in plain.offers} == {shown.propensity for shown in plain.offers}
    assert plain.group == "x/plain"
    shown = {offer.offer for seed in range(30) for offer in decided(snapshot, "x/alba", seed).offers}
    assert shown == {"alba-romantic", "alba-family", "alba-spa"}
    even = weigh(DecisionRequest(HOME), PROFILE, NO_CONTACTS, snapshot, NOW, group="x/even")
    np.testing.assert_array_equal(even.parts.levers, 1.0)


def test_an_arm_without_a_rule_or_an_entry_lets_more_pass(snapshot: Snapshot) -> None:
    contacts = read_contacts(
        b"".join(contact_record(Instant(NOW - 5), OfferId("alba-family"), DECISION_KIND, "web", 1, 9) for _ in "ab")
    )
    reasons = {}
    for group in (CHAMPION, "x/open"):
        weighing = weigh(DecisionRequest(HOME), EMPTY_PROFILE, contacts, snapshot, NOW, group=group)
        reasons[group] = dict(zip(weighing.placement.bound.offers.ids, weighing.screening.reason.tolist(), strict=True))
        assert weighing.facts["contacts.shown"] == 2
    assert reasons[CHAMPION]["alba-spa"] == Reason.ATTRIBUTE_ABSENT
    assert reasons[CHAMPION]["alba-family"] == Reason.CONTACT_POLICY
    assert reasons["x/open"]["alba-spa"] == reasons["x/open"]["alba-family"] == Reason.UNDECIDED


def test_other_placements_have_no_arms(snapshot: Snapshot) -> None:
    assert snapshot.placement(CALL, "x/plain") is snapshot.placement(CALL)
    assert snapshot.placement(HOME, "x/plain") is not snapshot.placement(HOME)


@pytest.mark.parametrize("group", [CHAMPION, HOLDOUT, "x/plain", "x/alba", "x/open", "x/even"])
def test_every_group_is_replayed_and_explained_bit_for_bit(group: str, snapshot: Snapshot) -> None:
    for seed in range(10):
        record = record_of(decided(snapshot, group, seed), seed)
        anew = snapshot_with(DIVIDED)
        assert same_decision(replay(record, anew), record.decision)
        explanation = explain(record, anew)
        assert explanation.replayed_equal
        assert explanation.group == group


def test_a_held_out_offer_says_so(snapshot: Snapshot) -> None:
    told = explain(record_of(decided(snapshot, HOLDOUT)), snapshot).offers
    assert {offer.reason for offer in told if offer.offer == "alba-family"} == {"held_out"}
    narrowed = explain(record_of(decided(snapshot, "x/alba")), snapshot).offers
    (outside,) = (offer for offer in narrowed if offer.offer == "corte-family")
    assert (outside.reason, "this arm" in outside.sentence) == ("not_a_candidate", True)


def test_an_arm_may_try_the_challenger() -> None:
    artefact, _ = trained()
    champion = load_model(encode_artefact(artefact))
    challenger = load_model(encode_artefact(msgspec.structs.replace(artefact, created=Instant(1))))
    assert champion.version != challenger.version
    arms = [{"id": "new", "share": 0.5, "model": "challenger"}]
    catalogue = small_catalogue({"experiment": [{"id": "x", "placements": ["home"], "arms": arms}]})
    both = Snapshot.build(catalogue, {GOAL: champion}, challengers={GOAL: challenger})
    assert both.placement(HOME).version == champion.version
    assert both.placement(HOME, "x/new").version == challenger.version
    decision = decide(DecisionRequest(HOME), PROFILE, NO_CONTACTS, both, NOW, 7, group="x/new")
    record = msgspec.structs.replace(record_of(decision), model=challenger.version)
    # What it was made with is the catalogue and the one model that its record names.
    assert same_decision(replay(record, Snapshot.build(catalogue, {GOAL: challenger})), decision)
    alone = Snapshot.build(catalogue, {GOAL: champion})
    assert alone.placement(HOME, "x/new").version == champion.version
