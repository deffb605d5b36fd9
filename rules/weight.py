"""C and V of P × C × V × L: the weight of the context and the worth of an offer, as a placement declares them."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression import Binding, BoundProgram, Expression, Program, Value
from rules.facts import Facts
from rules.ids import GoalId
from rules.offer import OfferTable

Floats = NDArray[np.float64]

_CONTEXT, _VALUE = "context_weight", "value"
_INSTEAD = {_CONTEXT: 1.0}
"""What a setting weighs where it cannot be evaluated, or is not finite; a value is worth 0 then."""


class Weights(msgspec.Struct, frozen=True, eq=False):
    """C, V and L of P × C × V × L per candidate; requests share the arrays, so nobody writes into them.

    A context weight that cannot be evaluated, or is not finite, weighs 1; such a value is worth 0. `faults` names the
    settings that came to that for a candidate. `further` has V for each further goal.
    """

    context: Floats
    value: Floats
    levers: Floats
    faults: tuple[str, ...] = ()
    further: Mapping[GoalId, Floats] = {}


class WeightBook(msgspec.Struct, frozen=True, eq=False):
    """The weights of a placement's candidates by setting, and whether a candidate's was at fault.

    `known` are those that no request changes, worked out at publish; `program` evaluates the others, named in
    `asked`. A setting that is not declared weighs 1. `standing` are the weights as far as known, before levers.
    `further` are the placement's further goals.
    """

    known: Mapping[str, tuple[Floats, bool]]
    asked: tuple[str, ...]
    program: BoundProgram
    candidates: int
    standing: Weights
    further: tuple[GoalId, ...] = ()

    @classmethod
    def of(
        cls, settings: Mapping[str, Expression], candidates: OfferTable, further: Sequence[GoalId] = ()
    ) -> "WeightBook":
        """The declared ones of `context_weight`, `value` and, for each further goal, what `value_of` names."""
        names = (_CONTEXT, _VALUE, *map(value_of, further))
        known = {name: (np.ones(len(candidates)), False) for name in names}
        asked = {}
        for name, expression in settings.items():
            if expression.binding is Binding.OFFER:
                (value,) = Program([expression]).bind(candidates).run({})
                known[name] = _finite(value, _INSTEAD.get(name, 0.0), len(candidates))
            else:
                asked[name] = expression
        program = Program(list(asked.values())).bind(candidates)
        standing = _weights(known, further, np.ones(len(candidates)))
        return cls(known, tuple(asked), program, len(candidates), standing, tuple(further))

    def weigh(self, facts: Facts, levers: Floats) -> Weights:
        """The weights of every candidate, beside the product of its levers."""
        if not self.asked:
            one = self.standing
            return Weights(one.context, one.value, levers, one.faults, one.further)
        values = zip(self.asked, self.program.run(facts), strict=True)
        asked = {name: _finite(value, _INSTEAD.get(name, 0.0), self.candidates) for name, value in values}
        return _weights({**self.known, **asked}, self.further, levers)


def _weights(settings: Mapping[str, tuple[Floats, bool]], further: Sequence[GoalId], levers: Floats) -> Weights:
    names = (_CONTEXT, _VALUE, *map(value_of, further))
    faults = tuple(name for name in names if settings[name][1])
    worths = {goal: settings[value_of(goal)][0] for goal in further}
    return Weights(settings[_CONTEXT][0], settings[_VALUE][0], levers, faults, worths)


def value_of(goal: GoalId) -> str:
    """The name of the setting that says what an offer is worth to a further goal."""
    return f"{_VALUE}.{goal}"


def _finite(value: Value, instead: float, candidates: int) -> tuple[Floats, bool]:
    data = value.data if isinstance(value.data, np.ndarray) else np.full(candidates, value.data)
    numbers = np.asarray(data, np.float64)
    usable = np.isfinite(numbers) & ~value.error
    return (numbers, False) if usable.all() else (np.where(usable, numbers, instead), True)
