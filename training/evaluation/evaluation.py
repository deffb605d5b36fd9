"""Off-policy evaluation: what policies would have earned on logged decisions, beside each other."""

import msgspec
import numpy as np

from rules.ids import GoalId, Instant, OfferId
from training.evaluation.actions import LoggedActions, PolicyActions
from training.evaluation.estimate import Estimate, estimates_of
from training.evaluation.estimators import ESTIMATORS
from training.evaluation.gain import NO_GAIN, Gain, paired_gain
from training.evaluation.judged import Judged
from training.evaluation.policies import CHAMPION_MODEL, CONSTANT, GREEDY
from training.evaluation.reach import Reach
from training.evaluation.slated import SlateComparison
from training.evaluation.support import Support, support_of


class Comparison(msgspec.Struct, frozen=True):
    """One policy's estimates, how far the log supports them, and its paired gain over the constant.

    Where `support` refuses, the estimates are not to be shown, and without a constant there is no gain.
    """

    policy: str
    ips: Estimate
    snips: Estimate
    dm: Estimate
    dr: Estimate
    switch_dr: Estimate
    support: Support
    gain: Gain

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The estimates by the estimators' names."""
        return dict(zip(ESTIMATORS, (self.ips, self.snips, self.dm, self.dr, self.switch_dr), strict=True))


class Evaluation(msgspec.Struct, frozen=True):
    """All policies on the same decisions for a `goal`, from `first` to `last`; the other fields are as in `Judged`.

    `exploring` is by placement what the champion earns by exploring: less than nothing, as long as it learns little.
    """

    comparisons: tuple[Comparison, ...]
    decisions: int
    subjects: int
    skipped: dict[str, int]
    constant: OfferId | None
    reaches: tuple[Reach, ...] = ()
    slates: tuple[SlateComparison, ...] = ()
    exploring: dict[str, Gain] = {}
    held_out: int = 0
    first: Instant = Instant(0)
    last: Instant = Instant(0)
    goal: GoalId = GoalId("")

    def of(self, policy: str) -> Comparison:
        """The figures of one policy; KeyError when it was not evaluated."""
        return {comparison.policy: comparison for comparison in self.comparisons}[policy]


def evaluation_of(judged: Judged) -> Evaluation:
    """The figures of judged decisions."""
    logged = judged.logged
    # With nothing logged before, no offer is known to be the best.
    constant = judged.policies[CONSTANT] if judged.constant is not None else None
    policies = {name: policy for name, policy in judged.policies.items() if name != CONSTANT or constant is not None}
    return Evaluation(
        tuple(_compare(name, logged, policy, constant) for name, policy in policies.items()),
        len(logged),
        int(logged.cluster.max()) + 1,
        dict(judged.skipped),
        judged.constant,
        judged.reaches,
        judged.slates,
        _exploring(judged),
        judged.held_out,
        Instant(int(judged.at.min())),
        Instant(int(judged.at.max())),
        judged.goal,
    )


def _exploring(judged: Judged) -> dict[str, Gain]:
    if GREEDY not in judged.policies:
        return {}
    champion, greedy = judged.policies[CHAMPION_MODEL], judged.policies[GREEDY]
    return {
        placement: paired_gain(judged.logged, champion, greedy, rows=judged.placement == placement)
        for placement in np.unique(judged.placement).tolist()
    }


def _compare(name: str, logged: LoggedActions, policy: PolicyActions, constant: PolicyActions | None) -> Comparison:
    ratios = [estimator(logged, policy) for estimator in ESTIMATORS.values()]
    ips, snips, dm, dr, switch_dr = estimates_of(ratios, logged.cluster)
    gain = NO_GAIN if constant is None else paired_gain(logged, policy, constant)
    return Comparison(name, ips, snips, dm, dr, switch_dr, support_of(logged, policy), gain)
