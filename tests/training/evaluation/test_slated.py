"""Whole slates: chances against the engine's own, and values against what policies earn when let loose."""

import numpy as np
import pytest

from decision.engine.engine import decide
from decision.engine.replaying import inputs_of
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from models.model import Model, prior_model
from rules.catalogue import Catalogue
from rules.ids import Instant, OfferId
from rules.package import pack, unpack
from tests.training.evaluation.test_evaluation import favourites
from tests.training.evaluation.test_own import decided, model_of, world
from tests.training.evaluation.test_own import judged as judged_on
from tests.training.shop import GOAL, SMALL, START, WEEK, changed, shop, visits
from training.evaluation.evaluation import Evaluation, evaluation_of
from training.evaluation.judged import judge
from training.evaluation.lessons import read_lessons
from training.evaluation.rewards import fit_rewards
from training.evaluation.slate_chances import rank_chances
from training.material.ledger import Brought, Earned
from training.material.question import question_of

EXPLORATION = "{ epsilon = 0.3, temperature = 0.7 }"


def limited(objective: str) -> Catalogue:
    """Slates of four with at most one theme alike, and two mandatory offers of one theme."""
    toml = (SMALL / "concierge.toml").read_text()
    toml = toml.replace("{ epsilon = 0.1, temperature = 0.3 }", EXPLORATION).replace(
        "slots = 3", 'slots = 4\nmandatory = ["brisa-family", "alba-family"]'
    )
    toml = toml.replace('objective = "response"', f'objective = "{objective}"')
    return unpack(pack(toml.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv"))


@pytest.mark.parametrize("objective", ["response", "increment"])
def test_the_chance_of_every_rank_is_the_one_that_was_logged(objective: str) -> None:
    catalogue = limited(objective)
    snapshot = Snapshot.build(catalogue, {})
    ranks, mandatory = 0, 0
    for record in visits(catalogue, 200, 5)[0]:
        given = inputs_of(record)
        arguments = (record.request, given.profile, given.history, snapshot, record.now)
        weighing = weigh(*arguments)
        decision = decide(*arguments, record.seed)
        ids, taken = weighing.placement.bound.offers.ids, list[int]()
        for shown in decision.offers:
            chances = rank_chances({"prior": weighing}, (), taken)
            place = ids.index(shown.offer)
            assert chances["prior"][place] == pytest.approx(shown.probability, abs=1e-12)
            for chance in chances.values():
                assert chance.sum() == pytest.approx(1.0)
                assert not chance[taken].any()
            taken.append(place)
            ranks += 1
            mandatory += shown.offer in {"brisa-family", "alba-family"} and shown.probability == 1.0
    assert ranks > 600
    assert mandatory > 300, "a theme alike holds back no mandatory offer"


def judged(catalogue: Catalogue, count: int, seed: int, model: Model) -> Evaluation:
    decisions, outcomes = visits(catalogue, count, seed)
    brought: Brought = {}
    for outcome in outcomes:
        brought.setdefault(outcome.decision, {})[outcome.offer] = (1, 10.0)  # type: ignore[attr-defined]
    firsts = [Earned(record, len(brought.get(record.id, {})), 0.0) for record in decisions]
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    catalogues = {str(catalogue.version): catalogue}
    rewards = fit_rewards(read_lessons(firsts, question, catalogues), GOAL, "response", threads=1)
    models = {"prior": prior_model(GOAL), "model": model}
    return evaluation_of(judge(firsts, question, catalogues, models, (OfferId("alba-spa"),), rewards, brought=brought))


def earned_per_slate(catalogue: Catalogue, count: int, seed: int, model: Model | None) -> float:
    decisions, outcomes = visits(catalogue, count, seed, model)
    accepted = {(outcome.decision, outcome.offer) for outcome in outcomes}
    shown = [(record.id, offer) for record in decisions for offer in record.decision.offers]
    return sum(offer.value for id, offer in shown if (id, offer.offer) in accepted) / len(decisions)


def test_slates_are_estimated_near_what_they_earn_when_let_loose() -> None:
    catalogue = shop("{ epsilon = 0.5, temperature = 0.5 }", slots=3)
    found = {one.policy: one for one in judged(catalogue, 1_500, 6, favourites()).slates}
    assert list(found) == ["prior", "model", "constant", "uniform", "logged"]
    truth = earned_per_slate(catalogue, 3_000, 7, favourites())
    for values in (found["model"].cascade, found["model"].rank_by_rank):
        for name in ("IPS", "SNIPS", "DR", "Switch-DR"):
            estimate = values.estimates[name]
            assert abs(estimate.value - truth) < 4 * estimate.standard_error < truth
        assert values.estimates["DR"].standard_error < values.estimates["IPS"].standard_error
        gain = truth - found["logged"].cascade.estimates["DR"].value
        assert abs(values.gain.value - gain) < 4 * values.gain.standard_error < truth
    # The prior is what was logged, so its slates weigh one each.
    seen = earned_per_slate(catalogue, 1_500, 6, None)
    for policy, name in (("prior", "IPS"), ("logged", "DR")):
        assert found[policy].cascade.estimates[name].value == pytest.approx(seen)
        assert found[policy].cascade.support.effective_sample_size == pytest.approx(3 * 1_500)
    refused = found["constant"].cascade.support
    assert refused.refusal, "one and the same slate for all was logged too rarely"
    assert found["constant"].cascade.gain.refusal == refused.refusal


def test_single_offers_make_no_slates() -> None:
    assert judged(shop(slots=1), 100, 8, favourites()).slates == ()


def test_imported_decisions_tell_nothing_of_slates() -> None:
    catalogue = shop(slots=3)
    decisions, _ = visits(catalogue, 60, 9)
    firsts = [Earned(changed(record, source="import"), 0, 0.0) for record in decisions]
    question = question_of(catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
    catalogues = {str(catalogue.version): catalogue}
    rewards = fit_rewards(read_lessons(firsts, question, catalogues), GOAL, "response", threads=1)
    assert judge(firsts, question, catalogues, {"prior": prior_model(GOAL)}, (), rewards, brought={}).slates == ()


def test_a_slate_that_shows_nothing_earns_what_comes_without_an_offer() -> None:
    """Nothing brings five, a first offer two and a second one: who stays silent earns most."""
    catalogue = world("{ epsilon = 0.5, temperature = 0.0 }", objective="increment", slots=2)
    shy, bold = model_of({}, "increment", overall=-1.0), model_of({}, "increment", overall=1.0)
    records = decided(catalogue, shy, 1_500)
    spoken = [record for record in records if record.decision.offers]
    assert 300 < len(spoken) < 1_200
    brought: Brought = {
        record.id: {offer.offer: (1, 3.0 - offer.rank) for offer in record.decision.offers}
        if record.decision.offers
        else {OfferId(""): (1, 5.0)}
        for record in records
    }
    rows = [Earned(record, 0, 2.0 if record.decision.offers else 5.0) for record in records]
    found = judged_on(catalogue, rows, {"shy": shy, "bold": bold}, order=(OfferId("alba-spa"),), brought=brought)
    slates = {one.policy: one for one in found.slates}
    seen = sum(sum(value for _, value in one.values()) for one in brought.values()) / len(records)
    for name in ("logged", "shy"):
        assert slates[name].cascade.estimates["IPS"].value == pytest.approx(seen)
        assert slates[name].rank_by_rank.estimates["IPS"].value == pytest.approx(seen)
    snapshot, none, second = Snapshot.build(catalogue, {GOAL: bold}), 0.0, 0.0
    for record in records:
        given = inputs_of(record)
        weighing = weigh(record.request, given.profile, given.history, snapshot, record.now)
        ranked = rank_chances({"bold": weighing}, (), ())["bold"]
        none += float(ranked[-1]) / len(records)
        below = [
            rank_chances({"bold": weighing}, (), [one])["bold"][-1] for one in np.flatnonzero(ranked[:-1]).tolist()
        ]
        second += float(ranked[:-1][ranked[:-1] > 0] @ (1.0 - np.array(below))) / len(records)
    for estimate in (
        each.estimates[name] for each in (slates["bold"].cascade, slates["bold"].rank_by_rank) for name in ("IPS", "DR")
    ):
        assert abs(estimate.value - (5.0 * none + 2.0 * (1.0 - none) + second)) < 4 * estimate.standard_error < 1.0
