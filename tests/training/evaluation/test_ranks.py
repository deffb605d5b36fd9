"""Slates are worth exactly what all that a log may show says of them, whatever is expected of offers."""

import math
from collections.abc import Iterator
from fractions import Fraction

import pytest

from decision.engine.replaying import inputs_of
from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from models.model import Model
from rules.catalogue import Catalogue
from rules.ids import CustomerId, DecisionId, Instant, OfferId
from tests.training.evaluation.test_own import model_of, world
from tests.training.shop import GOAL, HOME, START, WEEK, changed, visits
from training.evaluation.judged import judge
from training.evaluation.rewards import Rewards
from training.evaluation.slate_chances import rank_chances
from training.evaluation.slated import SlateValues
from training.material.folds import FOLDS
from training.material.ledger import Brought, Earned
from training.material.question import question_of

KEPT = [OfferId(name) for name in ("alba-romantic", "alba-family", "brisa-spa")]
SILENCE = 2.0
"""What comes where nothing is shown."""


def brought(offer: OfferId, above: tuple[OfferId, ...]) -> float:
    """An offer earns less at rank 2, and more below the last of them."""
    return (3.0 + KEPT.index(offer) ** 2) / (1 + len(above)) + 4.0 * (KEPT[2] in above)


def further(weighing: Weighing, above: tuple[OfferId, ...] = ()) -> Iterator[tuple[tuple[OfferId, ...], list[float]]]:
    """All slates of two that may be shown, and the chance of each of their steps, ending before the last slot too."""
    position = weighing.placement.bound.position
    chances = rank_chances({"": weighing}, (), [position[offer] for offer in above])[""]
    if len(above) == 2 or chances[-1] > 0:
        yield above, [] if len(above) == 2 else [float(chances[-1])]
    for offer in KEPT if len(above) < 2 else ():
        if (chance := float(chances[position[offer]])) > 0:
            for slate, steps in further(weighing, (*above, offer)):
                yield slate, [chance, *steps]


def worth(slate: tuple[OfferId, ...]) -> float:
    return sum(brought(offer, slate[:rank]) for rank, offer in enumerate(slate)) if slate else SILENCE


class Exact:
    """A log in which each slate stands as often as it is likely, and what a policy's own slates would earn."""

    def __init__(self, objective: str) -> None:
        self.catalogue: Catalogue = world("{ epsilon = 0.5, temperature = 0.0 }", objective=objective, slots=2)
        self.served: Model = model_of({KEPT[0]: 3.0}, objective, overall=1.0)
        self.other: Model = model_of({KEPT[2]: 3.0}, objective, overall=-1.0)
        (first,), _ = visits(self.catalogue, 1, 4)
        left_out = tuple(offer for offer in self.catalogue.offers.ids if offer not in KEPT)
        self.record = changed(first, request=DecisionRequest(HOME, first.request.context, exclude=left_out))
        weighing = self.weigh(self.served)
        self.version = weighing.placement.version
        self.none = float(rank_chances({"": weighing}, (), ())[""][-1])
        slates = list(further(weighing))
        chances = [Fraction(math.prod(steps)).limit_denominator(10_000) for _, steps in slates]
        assert sum(chances) == 1
        times = 4 * math.lcm(*(chance.denominator for chance in chances))
        assert times < 1_000
        self.slates = [
            (slate, steps)
            for (slate, steps), chance in zip(slates, chances, strict=True)
            for _ in range(int(chance * times))
        ]

    def weigh(self, model: Model) -> Weighing:
        given, snapshot = inputs_of(self.record), Snapshot.build(self.catalogue, {GOAL: model})
        return weigh(self.record.request, given.profile, given.history, snapshot, self.record.now)

    def truth(self, model: Model) -> float:
        return sum(math.prod(steps) * worth(slate) for slate, steps in further(self.weigh(model)))

    def logged(self, number: int, slate: tuple[OfferId, ...], steps: list[float]) -> DecisionRecord:
        shown = tuple(
            ShownOffer(offer, rank, None, 1.0, 1.0, chance, ())
            for rank, (offer, chance) in enumerate(zip(slate, steps, strict=False), start=1)
        )
        decision = Decision(shown, "champion", (), {}, none_probability=self.none)
        name, id = CustomerId(f"guest-{number}"), DecisionId(f"{number:032x}")
        return changed(self.record, id=id, customer=name, decision=decision, model=self.version)

    def judged(self, expected: float) -> dict[str, SlateValues]:
        """The slates as cascades, where offers are expected to earn multiples of something."""
        records = [self.logged(number, *each) for number, each in enumerate(self.slates)]
        came: Brought = {
            record.id: {offer: (1, brought(offer, slate[:rank])) for rank, offer in enumerate(slate)}
            if slate
            else {OfferId(""): (1, SILENCE)}
            for record, (slate, _) in zip(records, self.slates, strict=True)
        }
        question = question_of(self.catalogue.workspace, GOAL, Instant(START + 10 * WEEK))
        believed = model_of({offer: expected * place for place, offer in enumerate(KEPT)}, "value", overall=expected)
        found = judge(
            [Earned(record, 0, 0.0) for record in records],
            question,
            {str(self.catalogue.version): self.catalogue},
            {"champion": self.served, "other": self.other},
            (),
            Rewards((believed,) * FOLDS, "value"),
            brought=came,
        )
        return {one.policy: one.cascade for one in found.slates}


@pytest.fixture(scope="module", params=["value", "increment"])
def exact(request: pytest.FixtureRequest) -> Exact:
    return Exact(request.param)


def test_slates_are_worth_what_a_policy_that_draws_its_own_would_earn(exact: Exact) -> None:
    truths = {"champion": exact.truth(exact.served), "other": exact.truth(exact.other)}
    assert abs(truths["other"] - truths["champion"]) > 0.5
    for expected in (0.0, 0.7):
        found = exact.judged(expected)
        for policy, truth in truths.items():
            for name in ("IPS", "SNIPS", "DR"):
                assert found[policy].estimates[name].value == pytest.approx(truth), (policy, name, expected)
            assert found[policy].support.mean_weight == pytest.approx(1.0)
            assert found[policy].support.outside == pytest.approx(0.0)
        gain = found["other"].gain
        assert gain.value == pytest.approx(truths["other"] - truths["champion"])
        assert gain.low < gain.value < gain.high


def test_what_offers_earn_is_expected_where_no_weight_says_it(exact: Exact) -> None:
    none, some = exact.judged(0.0), exact.judged(0.7)
    assert none["other"].estimates["DM"].value == 0.0
    assert some["other"].estimates["DM"].value > 1.0
    assert some["logged"].estimates["DM"].value != some["logged"].estimates["DR"].value
