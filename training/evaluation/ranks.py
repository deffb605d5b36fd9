"""Slates as rows, one for each rank: every estimator of single actions then speaks of slates, too.

A rank counts by how much likelier than the log a policy comes to it, and what a reward model expects there is the mean
over what the policy would show under the logged offers above. Cascade: a rank depends on all above it, so that its
weight is the product of theirs (Kiyohara et al., WSDM 2022). Rank by rank: it depends on its own offer alone, so that
only whether a slate goes so far counts (Li et al., KDD 2018). Fewer assumptions mean larger weights.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.evaluation.actions import Floats, LoggedActions, PolicyActions
from training.evaluation.estimate import Estimate, estimates_of
from training.evaluation.estimators import ESTIMATORS, Ratio, doubly_robust
from training.evaluation.gain import Gain, gain_between
from training.evaluation.support import support_of

Row = tuple[float, float, float]
"""A policy at a rank: its chance of what was logged, what is expected of it, and what the log could not do by then."""


class Descent:
    """A policy on its way down a logged slate."""

    def __init__(self) -> None:
        self.reached = 1.0
        """How much likelier than the log it comes to the rank that is next."""
        self._outside = 0.0

    def rank(self, chance: float, expected: float, outside: float, onward: float) -> Row:
        """A rank where it shows the logged offer by `chance`; all given those above.

        `expected` is the mean over what it would show, `outside` its chance of what the log could not, and it goes
        `onward` times as likely as the log does: in a cascade as likely as it shows what was logged.
        """
        above = self.reached
        self._outside += above * outside
        self.reached *= onward
        return chance * above, expected * above, self._outside


class RankRows(msgspec.Struct, frozen=True, eq=False):
    """The ranks of logged slates: what each earned, and of which decision (numbered from 0) it was, int64[m]."""

    logged: LoggedActions
    of: NDArray[np.int64]

    @property
    def cluster(self) -> NDArray[np.int64]:
        """Whose each decision was."""
        found = np.zeros(int(self.of.max(initial=-1)) + 1, np.int64)
        found[self.of] = self.logged.cluster
        return found

    def take(self, rows: NDArray[np.intp]) -> "RankRows":
        """Some of the rows; decisions are numbered anew."""
        return RankRows(self.logged.take(rows), np.unique(self.of[rows], return_inverse=True)[1].astype(np.int64))

    def estimates(self, policy: PolicyActions) -> dict[str, Estimate]:
        """What a decision would earn, by each estimator."""
        ratios = [self.per_decision(estimator(self.logged, policy)) for estimator in ESTIMATORS.values()]
        return dict(zip(ESTIMATORS, estimates_of(ratios, self.cluster), strict=True))

    def gain(self, policy: PolicyActions, beside: PolicyActions) -> Gain:
        """What a decision would earn more by DR than under another policy, paired."""
        first, second = (self.per_decision(doubly_robust(self.logged, one)) for one in (policy, beside))
        refusals = (support_of(self.logged, one).refusal for one in (policy, beside))
        return gain_between(first, second, self.cluster, next(filter(None, refusals), ""))

    def per_decision(self, ratio: Ratio) -> Ratio:
        """A value per rank as one per decision, over decisions."""
        decisions = int(self.of.max(initial=-1)) + 1
        earned = np.asarray(np.bincount(self.of, ratio.earned, decisions), np.float64)
        if (ratio.counted == 1.0).all():
            return Ratio(earned, np.ones(decisions))
        return Ratio(earned, np.bincount(self.of, ratio.counted, decisions) * decisions / len(self.of))


def rank_factors(keys: Sequence[tuple[str, int]], value: Floats, predicted: Floats) -> Floats:
    """How much of what an offer earns at rank 1 it earns at each row's rank, as the log says.

    `keys` are the rows' placements and ranks from 0, `predicted` what is expected of the logged offers at rank 1.
    """
    sums: dict[tuple[str, int], tuple[float, float]] = {}
    for key, earned, expected in zip(keys, value.tolist(), predicted.tolist(), strict=True):
        before = sums.get(key, (0.0, 0.0))
        sums[key] = before[0] + earned, before[1] + expected
    factors = {key: earned / expected if key[1] and expected > 0 else 1.0 for key, (earned, expected) in sums.items()}
    return np.array([factors[key] for key in keys])
