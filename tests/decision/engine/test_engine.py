import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.dispatcher import Dispatcher
from scipy.stats import chisquare

from decision.engine.engine import decide, fallback_decision
from decision.engine.replaying import same_decision
from decision.engine.request import DecisionRequest
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.subject.profile import (
    EMPTY_PROFILE,
    ActivityFigures,
    Decayed,
    Profile,
    decode_profile,
    encode_profile,
)
from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from models.rates import Count, smooth
from rules.contact import NO_CONTACTS, contact_record, read_contacts
from rules.errors import ArtefactError, NotFound
from rules.ids import GoalId, Instant, OfferId, PlacementId
from tests.decision.small_workspace import DAY, NOW, small_catalogue, small_snapshot, snapshot_with

HOME, CALL, MAIL = PlacementId("home"), PlacementId("call"), PlacementId("mail")
ACCEPT = GoalId("accept")
OFFERS = small_snapshot().catalogue.offers.ids

brands = st.sampled_from(["Alba", "Brisa", "Corte"])
moments = st.integers(NOW - 60 * DAY, NOW + DAY).map(Instant)
profiles = st.builds(
    Profile,
    st.fixed_dictionaries({}, optional={"member": st.booleans(), "favourite_brand": brands, "age": st.integers(0, 99)}),
    st.fixed_dictionaries(
        {}, optional={"brand": st.dictionaries(brands, st.builds(Decayed, st.floats(-5, 5), moments))}
    ),
    st.fixed_dictionaries(
        {}, optional={"stays": st.builds(ActivityFigures, st.integers(1, 9), st.floats(0, 9), moments)}
    ),
    st.fixed_dictionaries({}, optional={"email": st.booleans()}),
)
histories = st.lists(
    st.builds(
        contact_record,
        moments,
        st.sampled_from(OFFERS),
        st.just("decision"),
        st.sampled_from(["web", "email"]),
        st.just(1),
    ),
    max_size=12,
).map(lambda records: read_contacts(b"".join(records)))
requests = st.builds(
    DecisionRequest,
    st.sampled_from([HOME, CALL, MAIL]),
    st.fixed_dictionaries(
        {}, optional={"destination": st.sampled_from(["Faro", "Lisbon"]), "party": st.integers(1, 5)}
    ),
    st.one_of(st.none(), st.integers(1, 15)),
    st.lists(st.sampled_from(OFFERS), max_size=3).map(tuple),
)


def model(objective: str = "response", rate: float = 0.5) -> Model:
    counts = [Count(CALL, offer, "", 1000.0, 1000.0 * rate if offer == "brisa-family" else 0.0) for offer in OFFERS]
    artefact = Artefact(
        kind="rates",
        goal=ACCEPT,
        objective="value" if objective == "value" else "response",
        created=Instant(0),
        rates=smooth(counts),
    )
    return load_model(encode_artefact(artefact))


@settings(max_examples=80)
@given(
    requests,
    st.one_of(st.none(), profiles),
    st.one_of(st.none(), histories),
    st.integers(0, 2**63),
    st.sets(st.sampled_from(["profile", "history", "model", "store"])),
)
def test_every_decision_keeps_its_promises(
    request: DecisionRequest,
    profile: Profile | None,
    history: np.ndarray[tuple[int], np.dtype[np.void]] | None,
    seed: int,
    without: set[str],
) -> None:
    snapshot = small_snapshot()
    decision = decide(request, profile, history, snapshot, NOW, seed, frozenset(without))
    spec = snapshot.placement(request.placement).bound.spec
    shown = [offer.offer for offer in decision.offers]
    assert len(set(shown)) == len(shown) <= (request.slots or spec.slots)
    assert not set(shown) & (set(request.exclude) | set(spec.exclude))
    assert [offer.rank for offer in decision.offers] == list(range(1, len(shown) + 1))
    assert all(0.0 < offer.probability <= 1.0 for offer in decision.offers)
    assert set(decision.degraded) == without | (
        set()
        if "store" in without
        else {name for name, given in (("profile", profile), ("history", history)) if given is None}
    )
    if "history" in decision.degraded and "store" not in without:
        # In this workspace some entry counts every offer on every channel.
        assert not shown
    if "store" not in without:
        assert len(shown) + sum(decision.counts.values()) == len(OFFERS)
    # As the journal keeps it: the profile's blob sorts its keys.
    stored = None if profile is None else decode_profile(encode_profile(profile))
    again = decide(request, stored, history, snapshot, NOW, seed, frozenset(decision.degraded))
    assert same_decision(again, decision)


def test_the_same_arguments_give_the_same_answer_from_another_build_of_the_catalogue() -> None:
    other = Snapshot.build(small_catalogue(), {})
    request = DecisionRequest(HOME, {"destination": "Faro"})
    for seed in range(20):
        one = decide(request, EMPTY_PROFILE, NO_CONTACTS, small_snapshot(), NOW, seed)
        assert same_decision(one, decide(request, EMPTY_PROFILE, NO_CONTACTS, other, NOW, seed))
    assert not same_decision(one, decide(request, EMPTY_PROFILE, NO_CONTACTS, other, NOW, 999))


def test_the_first_offer_is_drawn_with_its_first_rank_probability() -> None:
    request = DecisionRequest(HOME)
    snapshot = small_snapshot()
    weighing = weigh(request, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW)
    bound = weighing.placement.bound
    chances = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory)[:-1]
    stated = dict(zip(bound.offers.ids, chances.tolist(), strict=True))
    assert chances.sum() == pytest.approx(1.0)
    draws = 1500
    firsts: Counter[OfferId] = Counter()
    for seed in range(draws):
        first = decide(request, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, seed).offers[0]
        assert first.probability == stated[first.offer]
        firsts[first.offer] += 1
    possible = chances > 0.0
    seen = np.array([firsts[offer] for offer in bound.offers.ids])
    assert seen[~possible].sum() == 0
    assert chisquare(seen[possible], chances[possible] * draws).pvalue > 1e-3


def test_a_model_moves_the_slate_and_is_named() -> None:
    snapshot = Snapshot.build(small_catalogue(), {ACCEPT: model()})
    decision = decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1)
    assert decision.offers[0].offer == "brisa-family"
    assert decision.offers[0].propensity == pytest.approx(0.5, abs=0.05)
    assert decision.offers[0].score == pytest.approx((decision.offers[0].propensity or 0.0) * 75.0 * 1.2)
    assert snapshot.placement(CALL).version == model().version
    assert small_snapshot().placement(CALL).version is None


def test_a_model_of_values_stands_in_the_place_of_the_value() -> None:
    overrides = {"goals": {"accept": {"objective": "value", "value": None}}}
    snapshot = Snapshot.build(small_catalogue(overrides), {ACCEPT: model("value", 40.0)})
    first = decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1).offers[0]
    assert (first.offer, first.propensity) == ("brisa-family", None)
    assert first.score == pytest.approx(first.value * 1.2)
    assert first.value > 20.0


def test_a_model_that_should_be_there_is_missed_aloud() -> None:
    snapshot = Snapshot.build(small_catalogue(), {}, frozenset({ACCEPT}))
    decision = decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1)
    assert decision.degraded == ("model",)
    assert decision.offers[0].propensity is None
    switched_off = Snapshot.build(
        small_catalogue({"placements": {"call": {"arbitration": ["value"]}}}), {}, frozenset({ACCEPT})
    )
    assert decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, switched_off, NOW, 1).degraded == ()


def test_a_model_of_another_objective_is_refused_when_the_snapshot_is_built() -> None:
    with pytest.raises(ArtefactError, match=r"'accept'.*train it again"):
        Snapshot.build(small_catalogue(), {ACCEPT: model("value")})


def test_values_that_cannot_be_evaluated_are_reported() -> None:
    snapshot = snapshot_with({"goals": {"accept": {"value": "offer.margin / double(offer.nights - offer.nights)"}}})
    decision = decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW, 1)
    assert decision.degraded == ("value",)
    assert {offer.score for offer in decision.offers} == {0.0}


def test_an_unknown_placement_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"'hom'.*call, home, mail"):
        decide(DecisionRequest(PlacementId("hom")), EMPTY_PROFILE, NO_CONTACTS, small_snapshot(), NOW, 1)


def test_only_what_passes_is_weighed() -> None:
    weighing = weigh(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, small_snapshot(), NOW)
    assert (np.isnan(weighing.prediction) == ~weighing.open).all()
    assert (weighing.scores[~weighing.open] == 0.0).all()


def test_a_fallback_can_be_asked_for_directly() -> None:
    decision = fallback_decision(DecisionRequest(HOME), small_snapshot(), NOW)
    assert [(offer.offer, offer.reasons) for offer in decision.offers] == [("alba-club", ("fallback",))]
    assert decision.degraded == ("store",)


def compiled() -> dict[str, int]:
    """How often each kernel of ours that is loaded was compiled."""
    rooms = ("rules.", "models.", "decision.")
    modules = [module for name, module in sys.modules.items() if name.startswith(rooms)]
    return {
        f"{module.__name__}.{name}": len(member.signatures)
        for module in modules
        for name, member in vars(module).items()
        if isinstance(member, Dispatcher)
    }


def test_no_decision_compiles_what_an_empty_one_has_not() -> None:
    # In a process of its own: here another test may have compiled before what an empty decision has not.
    code = "from tests.decision.engine import test_engine; test_engine.decide_everything()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def decide_everything() -> None:
    """Fails when one of many kinds of decisions compiles what an empty one has not."""
    valued = {"goals": {"accept": {"objective": "value", "value": None}}}
    faulty = {"goals": {"accept": {"value": "offer.margin / double(offer.nights - offer.nights)"}}}
    resting = {"id": "rest", "count": "decision", "per": "theme", "at_most": 2, "within": "9d", "rest": "9d"}
    snapshots = [
        Snapshot.build(small_catalogue(), {ACCEPT: model()}),
        Snapshot.build(small_catalogue(valued), {ACCEPT: model("value", 40.0)}),
        Snapshot.build(small_catalogue(), {}, frozenset({ACCEPT})),
        snapshot_with(faulty),
        snapshot_with({"contact_policy": [resting]}),
    ]
    decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshots[-1], NOW, 0)
    decide(DecisionRequest(CALL), EMPTY_PROFILE, NO_CONTACTS, snapshots[0], NOW, 0)
    once = compiled()
    assert any(once.values())
    contacts = b"".join(contact_record(NOW, offer, "decision", "web", 1) for offer in OFFERS[:3])
    known = Profile({"member": True}, {"brand": {"Alba": Decayed(1.0, NOW)}}, {}, {"email": True})
    for snapshot in snapshots:
        for placement in (HOME, CALL, MAIL):
            for profile, history in ((EMPTY_PROFILE, NO_CONTACTS), (known, read_contacts(contacts)), (None, None)):
                for slots in (1, 4):
                    request = DecisionRequest(placement, {"destination": "Faro", "party": 2}, slots, (OFFERS[0],))
                    decide(request, profile, history, snapshot, NOW, 3)
    more = {name: number for name, number in compiled().items() if number != once.get(name)}
    assert not more, more
