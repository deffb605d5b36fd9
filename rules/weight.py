"""C and V of P × C × V × L: the weight of the context and the worth of an offer, as a placement declares them."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression import Binding, BoundProgram, Expression, Program, Value
from rules.facts import Facts
from rules.offer import OfferTable

Floats = NDArray[np.float64]

_INSTEAD = {"context_weight": 1.0, "value": 0.0}
"""What a setting weighs where it cannot be evaluated, or is not finite."""


class Weights(msgspec.Struct, frozen=True, eq=False):
    """C, V and L of P × C × V × L per candidate; requests share the arrays, so nobody writes into them.

    A context weight that cannot be evaluated, or is not finite, weighs 1; such a value is worth 0. `faults` names the
    settings that came to that for a candidate.
    """

    context: Floats
    value: Floats
    levers: Floats
    faults: tuple[str, ...] = ()


class WeightBook(msgspec.Struct, frozen=True, eq=False):
    """The weights of a placement's candidates by setting, and whether a candidate's was at fault.

    `known` are those that no request changes, worked out at publish; `program` evaluates the others, named in
    `asked`. A setting that is not declared weighs 1.
    """

    known: Mapping[str, tuple[Floats, bool]]
    asked: tuple[str, ...]
    program: BoundProgram
    candidates: int

    @classmethod
    def of(cls, settings: Mapping[str, Expression], candidates: OfferTable) -> "WeightBook":
        """The declared ones of `context_weight` and `value`."""
        known = {name: (np.ones(len(candidates)), False) for name in _INSTEAD}
        asked = {}
        for name, expression in settings.items():
            if expression.binding is Binding.OFFER:
                (value,) = Program([expression]).bind(candidates).run({})
                known[name] = _finite(value, _INSTEAD[name], len(candidates))
            else:
                asked[name] = expression
        return cls(known, tuple(asked), Program(list(asked.values())).bind(candidates), len(candidates))

    def weigh(self, facts: Facts, levers: Floats) -> Weights:
        """The weights of every candidate, beside the product of its levers."""
        weights = self.known
        if self.asked:
            values = zip(self.asked, self.program.run(facts), strict=True)
            weights = {**weights, **{name: _finite(value, _INSTEAD[name], self.candidates) for name, value in values}}
        context, context_fault = weights["context_weight"]
        value, value_fault = weights["value"]
        faults = ("context_weight",) * context_fault + ("value",) * value_fault
        return Weights(context, value, levers, faults)


def _finite(value: Value, instead: float, candidates: int) -> tuple[Floats, bool]:
    data = value.data if isinstance(value.data, np.ndarray) else np.full(candidates, value.data)
    numbers = np.asarray(data, np.float64)
    usable = np.isfinite(numbers) & ~value.error
    return (numbers, False) if usable.all() else (np.where(usable, numbers, instead), True)
