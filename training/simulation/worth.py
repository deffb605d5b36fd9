"""What a change is worth, off-policy: DR over the ranks of logged slates, with interval and support."""

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import msgspec
import numpy as np

from decision.journal.attribution import offer_of, within
from rules.ids import DecisionId, GoalId, OfferId
from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.estimate import UNTOLD, Estimate, estimates_of
from training.evaluation.estimators import doubly_robust
from training.evaluation.ranks import RankRows, rank_factors
from training.evaluation.support import Support, support_of
from training.material.question import Question
from training.simulation.valuing import Rank, Valued

EVERYWHERE = "all"

_EARNED = f"""
SELECT outcomes.outcome.decision,
       {offer_of("outcomes.outcome", "len(made.decision.offers)", "made.decision.offers[1].offer")} AS offer,
       count(*), sum(coalesce(outcomes.outcome.value, 0.0))
FROM journal AS outcomes
JOIN journal AS made ON made.record = 'decision' AND made.id = outcomes.outcome.decision
WHERE outcomes.record = 'outcome' AND outcomes.outcome.kind = $outcome
  AND {within('outcomes."at"', 'made."at"')}
GROUP BY 1, 2
"""

Earnings = Mapping[tuple[DecisionId, str], tuple[int, float]]
"""Outcomes within their window, by decision and offer (empty: none was named): how many, and what they brought."""


class Worth(msgspec.Struct, frozen=True):
    """What decisions of a goal earn on a channel (or `all` of them), per decision, with intervals of 95 %.

    `present` and `changed` are what both sides would earn; the gain is paired, `low` to `high`. A side whose support
    refuses has NaN, and so has the gain then.
    """

    goal: GoalId
    channel: str
    decisions: int
    present: Estimate
    changed: Estimate
    gain: float
    low: float
    high: float
    support: Support
    present_support: Support

    @property
    def refusal(self) -> str:
        """Why the gain cannot be told, empty where it can."""
        return self.support.refusal or self.present_support.refusal


def earnings_of(connection: duckdb.DuckDBPyConnection, question: Question) -> Earnings:
    """What came of decisions, by the question's outcome and window."""
    asked = {"outcome": question.outcome, "window": question.window}
    found = connection.execute(_EARNED, asked).fetchall()
    return {(DecisionId(id), offer): (int(hits), float(value)) for id, offer, hits, value in found}


def worths(valued: Iterable[Valued], questions: Mapping[GoalId, tuple[Question, Earnings]]) -> tuple[Worth, ...]:
    """Each goal's worth, on all channels together and on each."""
    by_goal: dict[GoalId, list[Valued]] = {}
    for one in sorted(valued, key=lambda one: one.decision):
        by_goal.setdefault(one.goal, []).append(one)
    found = []
    for goal, each in sorted(by_goal.items()):
        columns = _Columns(each, *questions[goal])
        channels = sorted({one.channel for one in each})
        found += [columns.worth(goal, channel) for channel in (EVERYWHERE, *(channels if len(channels) > 1 else ()))]
    return tuple(found)


class _Columns:
    """The ranks of valued decisions as rows."""

    def __init__(self, valued: Sequence[Valued], question: Question, earnings: Earnings) -> None:
        rows = [(at, number, rank) for at, one in enumerate(valued) for number, rank in enumerate(one.ranks)]
        self._of = np.array([at for at, _, _ in rows], np.int64)
        self._channel = np.array([one.channel for one in valued])
        _, person = np.unique([one.person for one in valued], return_inverse=True)
        value = np.array([_earned(valued[at], number, rank, question, earnings) for at, number, rank in rows])
        predicted = np.array([rank.predicted for _, _, rank in rows])
        scale = rank_factors([(valued[at].placement, number) for at, number, _ in rows], value, predicted[:, 0])
        predicted = predicted * scale[:, None]
        probability = np.array([rank.probability for _, _, rank in rows])
        logged = LoggedActions(value, probability, person.astype(np.int64)[self._of], predicted[:, 0])
        self._rows = RankRows(logged, self._of)
        chances = np.array([rank.chances for _, _, rank in rows])
        outside = np.array([rank.outside for _, _, rank in rows])
        self._sides = tuple(
            PolicyActions(chances[:, side].copy(), predicted[:, 1 + side].copy(), outside[:, side].copy())
            for side in range(2)
        )

    def worth(self, goal: GoalId, channel: str) -> Worth:
        """What decisions on a channel are worth."""
        chosen = np.flatnonzero((self._channel == channel) | (channel == EVERYWHERE))
        rows = np.flatnonzero(np.isin(self._of, chosen))
        ranks = self._rows.take(rows)
        present, changed = (side.take(rows) for side in self._sides)
        gain = ranks.gain(changed, present)
        supports = support_of(ranks.logged, present), support_of(ranks.logged, changed)
        values = [ranks.per_decision(doubly_robust(ranks.logged, side)) for side in (present, changed)]
        first, second = estimates_of(values, ranks.cluster)
        return Worth(
            goal,
            channel,
            len(chosen),
            UNTOLD if supports[0].refusal else first,
            UNTOLD if supports[1].refusal else second,
            gain.value,
            gain.low,
            gain.high,
            supports[1],
            supports[0],
        )


def _earned(one: Valued, number: int, rank: Rank, question: Question, earnings: Earnings) -> float:
    if rank.offer is None and number > 0:
        return 0.0
    hits, value = earnings.get((one.decision, rank.offer or OfferId("")), (0, 0.0))
    if question.objective != "response":
        return value
    return rank.worth if hits and rank.offer is not None else 0.0
