"""The rules of one placement, and which of its candidates each of them covers."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression import Expression
from rules.offer import OfferTable
from rules.reason import Reason
from rules.workspace import Rule, RuleKind

Flags = NDArray[np.bool_]

REASONS: dict[RuleKind, Reason] = {
    "preference": Reason.NOT_WANTED,
    "eligibility": Reason.NOT_ELIGIBLE,
    "suitability": Reason.NOT_SUITABLE,
}
"""The reason given where a rule of each kind does not hold; rules are asked in the order of the kinds here."""


class BoundRule(msgspec.Struct, frozen=True, eq=False):
    """A rule with its condition."""

    rule: Rule
    holds: Expression

    @property
    def reason(self) -> Reason:
        """The reason given where the rule does not hold."""
        return REASONS[self.rule.kind]


class RuleBook(msgspec.Struct, frozen=True, eq=False):
    """The rules that cover a candidate of one placement: by kind, in the order of `REASONS`, else as given.

    `covered` (rules × candidates) flags the candidates that each rule's selector takes.
    """

    rules: tuple[BoundRule, ...]
    covered: Flags

    @classmethod
    def of(cls, rules: Sequence[tuple[Rule, Expression, Flags]], candidates: OfferTable) -> "RuleBook":
        """The rules, each with its condition and the candidates that its selector takes."""
        kinds = list(REASONS)
        bound = sorted((each for each in rules if each[2].any()), key=lambda each: kinds.index(each[0].kind))
        covered = np.array([taken for _, _, taken in bound], np.bool_).reshape(len(bound), len(candidates))
        return cls(tuple(BoundRule(rule, holds) for rule, holds, _ in bound), covered)

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """The conditions, in the rules' order."""
        return tuple(bound.holds for bound in self.rules)
