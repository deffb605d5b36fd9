"""What both sides' slates are worth, decision by decision: the columns that off-policy estimates start from.

Rank 1 is judged as `concierge evaluate` judges it. Each further rank is judged under the logged offers above it, and
counts by how much likelier than the log a side shows these: the doubly robust estimate of cascades (Kiyohara et al.,
WSDM 2022), right on average for slates that a side draws by itself. An offer is expected to earn what it would at
rank 1, times what the log says of its rank.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.weighing import slots_of
from decision.journal.record import DecisionRecord
from models.artefact import encode_artefact
from models.model import load_model
from rules.division import HOLDOUT
from rules.ids import DecisionId, Duration, GoalId, Instant, OfferId, PlacementId
from training.evaluation.actions import Floats
from training.evaluation.policies import action_of
from training.evaluation.ranks import Descent
from training.evaluation.rewards import Kind, Rewards
from training.evaluation.slate_chances import rank_chances
from training.simulation.side import Side, Weighed

Rows = NDArray[np.intp]
LEARNED = "a model of either side learned from that time"
"""Why most decisions are not valued after a training."""

_SIDE = "side"


class Appraisal(msgspec.Struct, frozen=True):
    """How a goal's decisions are valued: whose window has passed by `now`, and by which reward models.

    Decisions before `begin` are not: a model of either side learned from that time, and would be judged by what it
    knows.
    """

    window: Duration
    now: Instant
    kind: Kind
    rewards: tuple[bytes, ...]
    begin: Instant | None = None

    @classmethod
    def of(cls, window: Duration, now: Instant, rewards: Rewards, kind: Kind, begin: Instant | None) -> "Appraisal":
        """With models that can be sent to any process."""
        return cls(window, now, kind, tuple(encode_artefact(model.artefact) for model in rewards.models), begin)


class Rank(msgspec.Struct, frozen=True):
    """One rank of a logged slate (`offer` is None where nothing stood there) and what both sides think of it.

    `worth` is the stated V. `probability` is the log's; `chances` are the sides' of what the log showed, under the
    logged offers above, times by how much likelier than the log they show these. `predicted` is what the reward model
    says of the logged offer, and, times the same, of each side there; `outside` how much of each side's chance lies, at
    this rank or above, where the log could not go, NaN where that is not known.
    """

    offer: OfferId | None
    worth: float
    probability: float
    chances: tuple[float, float]
    predicted: tuple[float, float, float]
    outside: tuple[float, float]


class Valued(msgspec.Struct, frozen=True):
    """A logged decision with its ranks, the first one first."""

    decision: DecisionId
    person: str
    goal: GoalId
    placement: PlacementId
    channel: str
    ranks: tuple[Rank, ...]


class Valuing:
    """Values decisions in this process."""

    def __init__(self, appraisals: Mapping[GoalId, Appraisal]) -> None:
        self._appraisals = appraisals
        self._rows: dict[tuple[int, int], Rows] = {}
        self._rewards = {
            goal: Rewards(tuple(load_model(blob) for blob in one.rewards), one.kind) for goal, one in appraisals.items()
        }

    def values(self, goal: GoalId) -> bool:
        """Whether decisions of a goal are valued at all."""
        return goal in self._appraisals

    def refusal(self, record: DecisionRecord, goal: GoalId) -> str:
        """Why a decision for a goal that is valued cannot be; empty where it can."""
        appraisal = self._appraisals[goal]
        if appraisal.begin is not None and record.now < appraisal.begin:
            return LEARNED
        if record.now + appraisal.window > appraisal.now:
            return "their window has not passed"
        if record.decision.group == HOLDOUT:
            return "the person was held out"
        told = action_of(record) is not None and all(0 < offer.probability <= 1 for offer in record.decision.offers)
        return "" if told else "how likely they were is not known"

    def value(
        self, person: str, record: DecisionRecord, sides: Sequence[Side], weighed: Sequence[Weighed], as_logged: bool
    ) -> Valued:
        """The columns of a decision that both sides weighed; `as_logged`: the present one weighed it as the log did."""
        placement = weighed[0].weighing.placement.bound
        rewards = self._rewards[placement.spec.goal]
        expected = [rewards.of(one.weighing, side.snapshot, person) for side, one in zip(sides, weighed, strict=True)]
        slates = _Slates(record, weighed, expected, as_logged, self._across(weighed))
        slots = max(slots_of(record.request, one.weighing.placement.bound.spec) for one in weighed)
        ends = 0 < len(record.decision.offers) < slots
        channel = placement.spec.channel
        ranks = [slates.rank(number) for number in range(max(1, len(record.decision.offers)))]
        # Where the log ended a slate, a side may go on: one rank further down nothing is known of it.
        if ends and (end := slates.rank(len(ranks))).chances != (1.0, 1.0):
            ranks.append(end)
        return Valued(record.id, person, placement.spec.goal, record.request.placement, channel, tuple(ranks))

    def _across(self, weighed: Sequence[Weighed]) -> Rows:
        """Where each candidate of the changed side stands among the present one's, -1 for nowhere."""
        bound = [one.weighing.placement.bound for one in weighed]
        # The placements live as long as the sides do, so their identity will do.
        key = id(bound[0]), id(bound[1])
        if key not in self._rows:
            there = bound[0].position
            self._rows[key] = np.array([there.get(offer, -1) for offer in bound[1].offers.ids], np.intp)
        return self._rows[key]


class _Slates:
    """A logged slate beside what both sides make of it."""

    def __init__(
        self,
        record: DecisionRecord,
        weighed: Sequence[Weighed],
        expected: Sequence[Floats],
        as_logged: bool,
        across: Rows,
    ) -> None:
        self._record = record
        self._weighed = weighed
        self._expected = expected
        # Below rank 1 nothing earns nothing: what comes without an offer is counted once a decision.
        self._below = [np.append(each[:-1], 0.0) for each in expected]
        self._as_logged = as_logged
        self._across = across
        self._logged = sorted(record.decision.offers, key=lambda offer: offer.rank)
        self._rows = [
            [one.weighing.placement.bound.position.get(offer.offer) for offer in self._logged] for one in weighed
        ]
        self._descents = Descent(), Descent()

    def rank(self, number: int) -> Rank:
        """The rank of a number from 0; all ranks are asked for in order."""
        chances = [self._next(side, number) for side in range(len(self._weighed))]
        expected = self._expected if number == 0 else self._below
        shown = self._logged[number] if number < len(self._logged) else None
        probability = self._probability(number, chances[0])
        of_logged = [self._of_logged(side, number, each) for side, each in enumerate(chances)]
        if self._as_logged:
            of_logged[0] = probability
        possible = chances[0] > 0
        outside = [self._outside(side, each, possible) for side, each in enumerate(chances)]
        stands = [float(each @ worth) for each, worth in zip(chances, expected, strict=True)]
        first, second = (
            descent.rank(of_logged[side], stands[side], outside[side], of_logged[side] / probability)
            for side, descent in enumerate(self._descents)
        )
        place = self._place(0, number)
        return Rank(
            None if shown is None else shown.offer,
            0.0 if shown is None else shown.value,
            probability,
            (first[0], second[0]),
            (0.0 if place is None else float(expected[0][place]), first[1], second[1]),
            (first[2], second[2]),
        )

    def _probability(self, number: int, present: Floats) -> float:
        """The log's chance of what it did at a rank."""
        if number < len(self._logged):
            return self._logged[number].probability
        if number == 0:
            return self._record.none_probability or 1.0
        # What ended a slate is journalled at rank 1 only. Where the present side made the log, its chance is the log's;
        # elsewhere it stands in, for nothing is earned there and so no value hangs on it, only the weights' mean.
        return float(present[-1]) or 1.0

    def _next(self, side: int, number: int) -> Floats:
        """A side's chance of every candidate at a rank, and last of nothing, under the logged offers above."""
        weighing = self._weighed[side].weighing
        above = [row for row in self._rows[side][:number] if row is not None]
        if len(above) < slots_of(self._record.request, weighing.placement.bound.spec) and number <= len(self._logged):
            return rank_chances({_SIDE: weighing}, (), above)[_SIDE]
        # Below a slate that ended the log says nothing more.
        ended = np.zeros(len(weighing.open) + 1)
        ended[-1] = 1.0
        return ended

    def _place(self, side: int, number: int) -> int | None:
        """Where the logged action of a rank stands among the chances."""
        return self._rows[side][number] if number < len(self._logged) else len(self._weighed[side].weighing.open)

    def _of_logged(self, side: int, number: int, chances: Floats) -> float:
        place = self._place(side, number)
        return 0.0 if place is None else float(chances[place])

    def _outside(self, side: int, chances: Floats, possible: NDArray[np.bool_]) -> float:
        if not self._as_logged:
            return float("nan")
        if side == 0:
            return 0.0
        known = np.append(np.where(self._across >= 0, possible[self._across], False), possible[-1])
        return max(0.0, float(chances[~known].sum()))
