"""An explanation takes the model's score apart, exactly."""

from functools import cache
from math import fsum

import numpy as np
import pytest

from decision.engine.contribution import OTHERS
from decision.engine.engine import decide
from decision.engine.explained_offer import ExplainedOffer
from decision.engine.explanation import explain
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord
from decision.subject.profile import Profile, encode_profile
from models.artefact import encode_artefact
from models.model import Model, load_model
from rules.choice import ARBITRATION_PARTS
from rules.contact import NO_CONTACTS
from rules.ids import DecisionId, PlacementId
from tests.decision.small_workspace import NOW, small_catalogue
from tests.models.small_model import GOAL, trained

PROFILE = Profile({"tier": "gold", "age": 41, "spend": 12.5})
REQUEST = DecisionRequest(PlacementId("home"), {"destination": "Faro", "party": 2})


@cache
def model() -> Model:
    return load_model(encode_artefact(trained()[0]))


def explained(snapshot: Snapshot, seed: int = 7) -> tuple[ExplainedOffer, ...]:
    record = DecisionRecord(
        id=DecisionId("a" * 32),
        written=NOW,
        now=NOW,
        seed=seed,
        customer=None,
        visitor=None,
        request=REQUEST,
        profile=encode_profile(PROFILE),
        contacts=b"",
        catalogue=snapshot.catalogue.version,
        model=snapshot.placement(REQUEST.placement).version,
        decision=decide(REQUEST, PROFILE, NO_CONTACTS, snapshot, NOW, seed),
    )
    return explain(record, snapshot).offers


def test_families_and_the_average_sum_to_the_raw_score_behind_the_propensity() -> None:
    snapshot = Snapshot.build(small_catalogue(), {GOAL: model()})
    offers = explained(snapshot)
    told = [offer for offer in offers if offer.contributions is not None]
    served = snapshot.placement(REQUEST.placement).model
    weighing = weigh(REQUEST, PROFILE, NO_CONTACTS, snapshot, NOW)
    rows = weighing.open.nonzero()[0]
    scores = served.raw(weighing.features, rows)
    assert scores is not None
    ids = weighing.placement.bound.offers.ids
    raw = {ids[row]: score for row, score in zip(rows.tolist(), scores.tolist(), strict=True)}
    assert len({offer.propensity for offer in told}) > 2
    for offer in told:
        parts = offer.contributions
        assert parts is not None
        assert parts.raw == raw[offer.offer]
        assert fsum([parts.average, *parts.families.values()]) == pytest.approx(parts.raw, abs=1e-12)
        assert fsum([parts.average, *parts.features.values()]) == pytest.approx(parts.raw, abs=1e-12)
        assert offer.propensity == pytest.approx(1 / (1 + np.exp(-parts.raw)), rel=1e-12)
        assert parts.families["offer"] == pytest.approx(
            fsum(part for name, part in parts.features.items() if name.startswith("offer_")), abs=1e-15
        )


def test_shown_offers_and_the_best_others_are_told_and_no_more() -> None:
    offers = explained(Snapshot.build(small_catalogue(), {GOAL: model()}))
    shown = [offer for offer in offers if offer.status == "shown"]
    assert all(offer.contributions for offer in shown)
    others = [offer for offer in offers if offer.status == "not_shown" and offer.score is not None]
    best = sorted(others, key=lambda offer: -(offer.score or 0))[:OTHERS]
    assert {offer.offer for offer in others if offer.contributions} == {offer.offer for offer in best}
    assert len(others) > len(best)


def test_the_sentence_names_what_adds_most() -> None:
    offers = explained(Snapshot.build(small_catalogue(), {GOAL: model()}))
    parts = max((offer.contributions for offer in offers if offer.contributions), key=lambda parts: parts.raw)
    name = max(parts.features, key=lambda feature: parts.features[feature])
    assert name == "offer_price"
    assert parts.sentence.startswith("Mostly for it: price ")
    assert f"({parts.features[name]:+.2f})" in parts.sentence


def test_without_a_forest_or_a_question_to_it_nothing_is_told() -> None:
    assert not any(offer.contributions for offer in explained(Snapshot.build(small_catalogue(), {})))
    without = tuple(part for part in ARBITRATION_PARTS if part != "propensity")
    catalogue = small_catalogue({"placements": {"home": {"arbitration": without}}})
    assert not any(offer.contributions for offer in explained(Snapshot.build(catalogue, {GOAL: model()})))
