"""The rules of one placement, bound to its candidates and evaluated for all of them at once."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression import BoundProgram, Expression, Program
from rules.facts import Facts
from rules.offer import OfferTable
from rules.reason import Reason
from rules.workspace import Rule

Flags = NDArray[np.bool_]


class BoundRule(msgspec.Struct, frozen=True, eq=False):
    """A rule with its condition and the candidates that its selector takes (None for all)."""

    rule: Rule
    holds: Expression
    covered: Flags | None

    @property
    def reason(self) -> Reason:
        """The reason given where the rule does not hold."""
        return Reason.NOT_ELIGIBLE if self.rule.kind == "eligibility" else Reason.NOT_SUITABLE


class RuleFailure(msgspec.Struct, frozen=True, eq=False):
    """Where one rule does not hold: a flag per candidate, or True for all; `absent` where it cannot be evaluated."""

    index: int
    failed: Flags | bool
    absent: Flags | bool


class RuleBook(msgspec.Struct, frozen=True, eq=False):
    """The rules that cover a candidate of one placement: eligibility before suitability, else in the given order."""

    rules: tuple[BoundRule, ...]
    program: BoundProgram

    @classmethod
    def of(cls, rules: Sequence[tuple[Rule, Expression, Flags]], candidates: OfferTable) -> "RuleBook":
        """The rules, each with its condition and the candidates that its selector takes."""
        covering = (
            BoundRule(rule, holds, None if taken.all() else taken) for rule, holds, taken in rules if taken.any()
        )
        bound = tuple(sorted(covering, key=lambda each: each.rule.kind != "eligibility"))
        return cls(bound, Program([rule.holds for rule in bound]).bind(candidates))

    def failures(self, facts: Facts) -> list[RuleFailure]:
        """Every rule that fails some candidate, in order."""
        failures = []
        values = self.program.run(facts) if self.rules else ()
        for index, (rule, value) in enumerate(zip(self.rules, values, strict=True)):
            holds = value.passes
            if isinstance(holds, np.ndarray):
                failures.append(RuleFailure(index, _where(~holds, rule.covered), _where(value.error, rule.covered)))
            elif not holds:
                covered = True if rule.covered is None else rule.covered
                failures.append(RuleFailure(index, covered, _where(value.error, rule.covered)))
        return failures


def _where(flags: Flags | np.bool_, covered: Flags | None) -> Flags | bool:
    if isinstance(flags, np.ndarray):
        return flags if covered is None else flags & covered
    return (True if covered is None else covered) if flags else False
