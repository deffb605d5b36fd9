"""What slates are worth is right on average over all that the log may show, whatever the reward model says."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from decision.engine.engine import decide
from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import slots_of, weigh
from decision.journal.record import DecisionRecord
from decision.subject.profile import EMPTY_PROFILE, encode_profile
from models.artefact import encode_artefact
from rules.choice import Exploration
from rules.contact import NO_CONTACTS
from rules.ids import CustomerId, DecisionId, Duration, GoalId, Instant, OfferId
from tests.decision.engine.small_models import CALL, rates_model
from tests.decision.engine.test_increment import OFFERS, snapshot_of
from tests.decision.small_workspace import NOW
from training.evaluation.slate_chances import rank_chances
from training.material.folds import FOLDS, fold_of
from training.simulation.side import Logged, Side
from training.simulation.valuing import Appraisal, Valued, Valuing

GOAL = GoalId("accept")
REQUEST = DecisionRequest(CALL)
EXPLORED = Exploration(0.4, 0.5)
SILENCE = 0.7
"""What comes where nothing is shown."""

present = snapshot_of([1.0 + number for number in range(len(OFFERS))], EXPLORED, slots=2)
changed = snapshot_of([float(len(OFFERS)) - number for number in range(len(OFFERS))], EXPLORED, slots=2)
fewer = snapshot_of([-1.0] * len(OFFERS), Exploration(0.6), slots=2)


def slates(snapshot: Snapshot) -> Iterator[tuple[Decision, float]]:
    """All that may be shown, with its probability."""
    weighing = weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, snapshot, NOW)
    (none,) = rank_chances({"log": weighing}, (), ())["log"][-1:].tolist()
    slots = slots_of(REQUEST, weighing.placement.bound.spec)

    def further(taken: list[int], shares: list[float]) -> Iterator[tuple[Decision, float]]:
        chances = rank_chances({"log": weighing}, (), taken)["log"].tolist()
        over = len(taken) == slots
        if over or chances[-1] > 0:
            shown = tuple(
                ShownOffer(OFFERS[place], rank, None, 1.0, 1.0, share, ())
                for rank, (place, share) in enumerate(zip(taken, shares, strict=True), start=1)
            )
            decision = Decision(shown, "champion", (), {}, none_probability=none)
            yield decision, math.prod(shares) * (1.0 if over else chances[-1])
        for place, share in enumerate(chances[:-1] if not over else ()):
            if share > 0:
                yield from further([*taken, place], [*shares, share])

    yield from further([], [])


def record(decision: Decision) -> DecisionRecord:
    return DecisionRecord(
        id=DecisionId("a" * 32),
        written=NOW,
        now=NOW,
        seed=1,
        customer=CustomerId("ann"),
        visitor=None,
        request=REQUEST,
        profile=encode_profile(EMPTY_PROFILE),
        contacts=b"",
        catalogue=present.catalogue.version,
        model=present.placement(CALL).version,
        decision=decision,
    )


def valued(decision: Decision, expected: dict[OfferId, float], other: Snapshot = changed) -> Valued:
    """What is said of a logged slate by a reward model that expects so much of each offer."""
    model = encode_artefact(rates_model("accept", expected, "value").artefact)
    valuing = Valuing({GOAL: Appraisal(Duration(1), Instant(NOW + 2), "value", (model,) * 5)})
    sides = [Side(snapshot, Logged({}, {})) for snapshot in (present, other)]
    made = record(decision)
    return valuing.value("ann", made, sides, [side.weigh(made, b"") for side in sides], as_logged=True)


def brought(offer: OfferId | None, number: int) -> float:
    if offer is None:
        return SILENCE if number == 0 else 0.0
    return (3.0 + 2.0 * OFFERS.index(offer) ** 2) / (1 + number)


def earned(snapshot: Snapshot) -> list[float]:
    """What is earned at each rank where a snapshot decides."""
    sums = [0.0, 0.0]
    for decision, chance in slates(snapshot):
        shown = [offer.offer for offer in decision.offers]
        for number, one in enumerate([*shown, None, None][:2]):
            sums[number] += chance * brought(one, number)
    return sums


def told(expected: dict[OfferId, float]) -> list[list[float]]:
    """The mean over all slates of what each side would earn at each rank, doubly robust."""
    sums = np.zeros((2, 2))
    for decision, chance in slates(present):
        found = valued(decision, expected)
        for number, rank in enumerate(found.ranks):
            left = brought(rank.offer, number) - rank.predicted[0]
            for side in range(2):
                weight = rank.chances[side] / rank.probability
                sums[side, number] += chance * (rank.predicted[1 + side] + weight * left)
    return [[float(figure) for figure in side] for side in sums]


def test_slates_are_all_that_may_be_shown() -> None:
    every = {tuple(offer.offer for offer in decision.offers): chance for decision, chance in slates(present)}
    assert math.fsum(every.values()) == pytest.approx(1.0)
    drawn = decide(REQUEST, EMPTY_PROFILE, NO_CONTACTS, present, NOW, 5)
    (alike,) = (one for one, _ in slates(present) if [o.offer for o in one.offers] == [o.offer for o in drawn.offers])
    assert [o.probability for o in alike.offers] == pytest.approx([o.probability for o in drawn.offers])


def test_no_expectation_moves_the_mean() -> None:
    nothing = told(dict.fromkeys(OFFERS, 0.0))
    something = told({offer: 5.0 * number - 4.0 for number, offer in enumerate(OFFERS)})
    assert np.array(something) == pytest.approx(np.array(nothing), abs=1e-9)


def test_the_other_side_is_worth_what_its_own_slates_would_earn_at_each_rank() -> None:
    assert told(dict.fromkeys(OFFERS, 1.0)) == pytest.approx(np.array([earned(present), earned(changed)]))


def test_where_a_slate_ended_nothing_is_expected_and_it_weighs_what_its_chance_says() -> None:
    short = [(decision, chance) for decision, chance in slates(present) if len(decision.offers) == 1]
    for decision, chance in short:
        found = valued(decision, dict.fromkeys(OFFERS, 1.0))
        first, end = found.ranks
        assert (end.offer, end.predicted[0]) == (None, 0.0)
        assert first.probability * end.probability == pytest.approx(chance)
        assert end.chances[0] == end.probability


def test_lower_ranks_weigh_as_much_as_a_side_begins_slates() -> None:
    weighing = weigh(REQUEST, EMPTY_PROFILE, NO_CONTACTS, fewer, NOW)
    begins = 1.0 - float(rank_chances({"side": weighing}, (), ())["side"][-1])
    assert begins < 0.8
    mean = 0.0
    for decision, chance in slates(present):
        ranks = valued(decision, dict.fromkeys(OFFERS, 1.0), fewer).ranks
        mean += sum(chance * rank.chances[1] / rank.probability for rank in ranks[1:])
    assert mean == pytest.approx(begins)


def test_a_person_is_judged_by_what_was_learned_from_others_whatever_name_it_came_by() -> None:
    models = [rates_model("accept", dict.fromkeys(OFFERS, float(fold)), "value").artefact for fold in range(FOLDS)]
    blobs = tuple(encode_artefact(model) for model in models)
    valuing = Valuing({GOAL: Appraisal(Duration(1), Instant(NOW + 2), "value", blobs)})
    made = record(next(decision for decision, _ in slates(present) if decision.offers))
    sides = [Side(snapshot, Logged({}, {})) for snapshot in (present, changed)]
    weighed = [side.weigh(made, b"") for side in sides]
    for person in ("c:ann", "v:cookie", "c:aunt"):
        found = valuing.value(person, made, sides, weighed, as_logged=True)
        assert found.ranks[0].predicted[0] == fold_of(person)
    assert len({fold_of(person) for person in ("c:ann", "v:cookie", "c:aunt")}) > 1
