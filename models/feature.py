"""Features: the one list of model inputs, compiled by binding time, for serving and for training alike.

Every feature is one float64: numbers as they are, a bool as 0 or 1, a string as its code (`string_code`), and NaN
where its expression gives an error (an absent attribute, a missing key).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import POSITION
from models.default_features import default_features
from models.feature_rows import gather
from rules.errors import ExpressionError
from rules.expression import Answers, Binding, BoundProgram, Expression, Program, Schema, Taken, compile_expression
from rules.facts import Facts
from rules.offer import OfferTable
from rules.workspace import Workspace

Floats = NDArray[np.float64]
Slot = tuple[Binding, int]
"""Where a feature's values are: its binding, and the row in the block of that binding."""
Columns = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
"""Where each feature of a block goes in a list: of the offer-bound, the request-bound and the pair features."""


class FeatureSpec(msgspec.Struct, frozen=True):
    """One declared feature: its name, CEL source, binding, and whether it is categorical (a string)."""

    name: str
    value: str
    binding: Binding
    categorical: bool


class FeatureValues(msgspec.Struct, frozen=True, eq=False):
    """The features of one request against n offers, by binding.

    `offer` is (offer-bound features × n), `request` (request-bound features), `pair` (pair features × n); `columns` has
    the places of each block's features in the list, and `number` how many features that is. `verdicts` (conditions × n)
    are those of the conditions that the features were bound beside (`rules.expression.Answers`).
    """

    columns: Columns
    number: int
    offer: Floats
    request: Floats
    pair: Floats
    verdicts: NDArray[np.uint8]

    def matrix(self, rows: NDArray[np.intp]) -> Floats:
        """Raw values of the given offers: (rows × features), in the list's order."""
        gathered = np.empty((len(rows), self.number))
        gather(self.offer, self.request, self.pair, *self.columns, rows, gathered)
        return gathered


class BoundFeatures(msgspec.Struct, frozen=True, eq=False):
    """A feature list against one table of offers: the offer-bound part is computed, the rest is ready to run."""

    columns: Columns
    number: int
    offer: Floats
    program: BoundProgram

    def run(self, facts: Facts) -> FeatureValues:
        """The features of one request."""
        return self._values(self.program.answer(facts))

    def run_taken(self, taken: Taken) -> FeatureValues:
        """The same, of what the program would take of the facts."""
        return self._values(self.program.answer_taken(taken))

    def _values(self, answers: Answers) -> FeatureValues:
        verdicts, request, pair = answers
        return FeatureValues(self.columns, self.number, self.offer, request, pair, verdicts)


class FeatureList(msgspec.Struct, frozen=True, eq=False):
    """The compiled features of a workspace, in declared order."""

    specs: tuple[FeatureSpec, ...]
    offer: Program
    rest: Program

    @classmethod
    def of(cls, workspace: Workspace, schema: Schema) -> "FeatureList":
        """The declared features, or `default_features` when there are none.

        Raises `ExpressionError` naming the feature.
        """
        expressions = []
        specs = []
        for feature in workspace.features or default_features(workspace):
            if feature.name == POSITION:
                raise ExpressionError(f"feature {POSITION!r} is the service's own: the rank of an offer; rename yours")
            try:
                expression = compile_expression(feature.value, schema, gives="feature")
            except ExpressionError as error:
                raise ExpressionError(f"feature {feature.name!r}: {error}") from error
            expressions.append(expression)
            specs.append(FeatureSpec(feature.name, feature.value, expression.binding, expression.type.name == "string"))
        of = {binding: [e for e in expressions if e.binding == binding] for binding in Binding}
        return cls(tuple(specs), Program(of[Binding.OFFER]), Program(of[Binding.REQUEST] + of[Binding.PAIR]))

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(spec.name for spec in self.specs)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """For each feature, where its values are in the blocks of `FeatureValues`."""
        seen = dict.fromkeys(Binding, 0)
        slots = []
        for spec in self.specs:
            slots.append((spec.binding, seen[spec.binding]))
            seen[spec.binding] += 1
        return tuple(slots)

    def bind(self, offers: OfferTable, conditions: Sequence[Expression] = ()) -> BoundFeatures:
        """Compute what depends on the offers alone.

        Conditions are bools that are judged in the same run, for what both read of a request is then taken in once.
        """
        offer = self.offer.bind(offers, string_code).answer({}).others
        program = Program([*conditions, *self.rest.expressions]) if conditions else self.rest
        bindings = np.array([spec.binding for spec in self.specs], np.int64)
        offers_own, requests_own, pairs_own = (np.flatnonzero(bindings == binding) for binding in Binding)
        columns = offers_own, requests_own, pairs_own
        return BoundFeatures(columns, len(self.specs), offer, program.bind(offers, string_code, len(conditions)))


_LONGEST_KEPT = 100
"""Characters; words come with requests, so the codes of long ones are not kept: the memory would be the callers'."""


def string_code(word: str) -> float:
    """The 48-bit code of a string: the same everywhere and for ever, and exact in a float64."""
    return _kept_code(word) if len(word) <= _LONGEST_KEPT else _code(word)


def _code(word: str) -> float:
    return float(int.from_bytes(blake2b(word.encode(), digest_size=6).digest(), "big"))


_kept_code = lru_cache(maxsize=65536)(_code)


def category_index(raw: Floats, codes: Sequence[int]) -> Floats:
    """The categories of raw values: the index of each value in the sorted codes, NaN where it is not among them.

    Training and serving both encode with this (serving through the forest's kernel, held equal by a test).
    """
    known = np.asarray(codes, np.float64)
    if not len(known):
        return np.full(raw.shape, np.nan)
    at = np.minimum(np.searchsorted(known, raw), len(known) - 1)
    return np.where(known[at] == raw, at.astype(np.float64), np.nan)


def encode_matrix(raw: Floats, names: Sequence[str], categories: Mapping[str, Sequence[int]]) -> Floats:
    """A matrix of raw values (rows × features) as LightGBM is given it: strings' codes become categories."""
    out = np.array(raw, np.float64)
    for column, name in enumerate(names):
        if name in categories:
            out[:, column] = category_index(out[:, column], categories[name])
    return out
