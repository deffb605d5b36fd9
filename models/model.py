"""Models that serve: loaded from an artefact, verified, and bound to the offers of a placement."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import POSITION, Artefact, decode_artefact, encode_artefact, version_of
from models.calibration import BoundCalibration
from models.conversion import place
from models.feature import FeatureList, FeatureValues, Floats, Slot
from models.forest import BoundForest, Forest, Layout, bind_forest, bind_layout, lay_out, parse_forest
from models.numpy_loops import LOOPS
from models.rates import PRIOR, Rates
from models.response import response_of
from rules.errors import ArtefactError
from rules.expression import Binding
from rules.ids import GoalId, Instant, ModelVersion, PlacementId
from rules.offer import OfferTable
from rules.workspace import Objective

Rows = NDArray[np.intp]

_UNCALIBRATED = BoundCalibration(np.empty(0), np.empty(0), np.empty(0))


class BoundModel(Protocol):
    """A model bound to the offers of one placement."""

    def predict(self, values: FeatureValues, rows: Rows) -> Floats:
        """The prediction for each offer in `rows`, at its place among all offers, and NaN for the others: float64[n].

        Its propensity (objective `response`, in 0…1), its expected value (`value`), or how much more that is than after
        showing nothing (`increment`, which may be negative).
        """
        ...

    def raw(self, values: FeatureValues, rows: Rows) -> Floats | None:
        """The score of its forest for each offer in `rows`, before it becomes a prediction; None without a forest."""
        ...


class Model(msgspec.Struct, frozen=True, eq=False):
    """A verified model; make one with `load_model` or `prior_model`."""

    artefact: Artefact
    version: ModelVersion
    forest: Forest | None = None

    @property
    def goal(self) -> GoalId:
        """The goal it was trained for."""
        return self.artefact.goal

    @property
    def objective(self) -> Objective:
        """Whether it predicts the probability of a response, an expected value, or an increment of it."""
        return self.artefact.objective

    def bind(self, placement: PlacementId, offers: OfferTable, features: FeatureList) -> BoundModel:
        """Bind to the offers of a placement; takes milliseconds, so call it off the way of a request.

        Raises `ArtefactError` when the workspace does not declare a feature of the model with the same expression.
        """
        if self.forest is None:
            return _BoundRates(self.artefact.rates.of(placement, offers))
        own = features.bind(offers).offer
        # `position` joins the offer-bound features as one more row, the same for every offer.
        block = np.vstack([own, np.ones((1, len(offers)))])
        slots = _slots(self.artefact, features, (Binding.OFFER, len(own)))
        return _BoundForestModel(
            bind_layout(_layout(self, self.forest, slots), block),
            response_of(self.forest.objective, self.forest.divisor).steps,
            self.artefact.calibration.bind() if self.artefact.calibration else _UNCALIBRATED,
            *((0.0, 1.0) if self.objective == "response" else (-np.inf, np.inf)),
        )


class _BoundRates(msgspec.Struct, frozen=True, eq=False):
    rates: Floats

    def predict(self, values: FeatureValues, rows: Rows) -> Floats:  # noqa: ARG002
        placed = np.full(len(self.rates), np.nan)
        placed[rows] = self.rates[rows]
        return placed

    def raw(self, values: FeatureValues, rows: Rows) -> None:  # noqa: ARG002
        return None


class _BoundForestModel(msgspec.Struct, frozen=True, eq=False):
    forest: BoundForest
    steps: tuple[float, float, int]
    calibration: BoundCalibration
    lowest: float
    highest: float

    def predict(self, values: FeatureValues, rows: Rows) -> Floats:
        placed, knots = np.empty(values.offer.shape[1]), self.calibration
        divisor, factor, kind = self.steps
        place(
            self.raw(values, rows),
            divisor,
            factor,
            kind,
            LOOPS,
            knots.predicted,
            knots.observed,
            knots.slopes,
            self.lowest,
            self.highest,
            rows,
            placed,
        )
        return placed

    def raw(self, values: FeatureValues, rows: Rows) -> Floats:
        return self.forest.score(values.request, values.pair, rows)


def load_model(blob: bytes) -> Model:
    """The model in a blob, compiled and verified.

    Raises `ArtefactError` when the artefact is damaged or of another format, when its forest cannot be served, or when
    a warm-up row does not give the very score that LightGBM gave.
    """
    artefact = decode_artefact(blob)
    if artefact.calibration is not None:
        artefact.calibration.check()
    if artefact.kind == "rates":
        return Model(artefact, version_of(blob))
    forest = parse_forest(artefact.forest)
    response_of(forest.objective)
    if len(artefact.features) != len(forest.names):
        raise ArtefactError(
            f"the model lists {len(artefact.features)} features and its forest has {len(forest.names)}: train it again"
        )
    _verify(artefact, forest)
    return Model(artefact, version_of(blob), forest)


def prior_model(goal: GoalId, objective: Objective = "response") -> Model:
    """The model of a goal about which nothing is known yet: the same rate for every offer."""
    rates = Rates(overall=PRIOR[objective])
    artefact = Artefact(kind="rates", goal=goal, objective=objective, created=Instant(0), rates=rates)
    return Model(artefact, version_of(encode_artefact(artefact)))


def _slots(artefact: Artefact, features: FeatureList, position: Slot) -> tuple[Slot, ...]:
    """Where the forest finds each of its features."""
    declared = {spec.name: (spec, slot) for spec, slot in zip(features.specs, features.slots, strict=True)}
    slots, missing = [], []
    for feature in artefact.features:
        spec, slot = declared.get(feature.name, (None, position))
        if feature.name != POSITION and (spec is None or spec.value != feature.value):
            missing.append(f"{feature.name!r} as {feature.value!r}")
        slots.append(slot)
    if missing:
        raise ArtefactError(
            f"the model for goal {artefact.goal!r} needs features that the workspace does not declare: "
            f"{', '.join(missing)}; declare them so, or train it again"
        )
    return tuple(slots)


@lru_cache(maxsize=4)
def _layout(model: Model, forest: Forest, slots: tuple[Slot, ...]) -> Layout:
    """Kept, because all placements of a goal share one layout; models and forests are told apart by identity."""
    return lay_out(forest, lambda feature: slots[feature], _codes(model.artefact))


def _codes(artefact: Artefact) -> dict[int, Sequence[int]]:
    names = [feature.name for feature in artefact.features]
    return {number: artefact.categories[name] for number, name in enumerate(names) if name in artefact.categories}


def _verify(artefact: Artefact, forest: Forest) -> None:
    """Score the warm-up rows along every binding, which also compiles the kernels before the first request."""
    warm_up = artefact.warm_up
    widths = {len(row) for row in warm_up.rows}
    if widths != {len(forest.names)} or len(warm_up.scores) != len(warm_up.rows):
        raise ArtefactError("the model brings no fitting warm-up rows, so it cannot be verified: train it again")
    rows, expected = np.array(warm_up.rows, np.float64), np.array(warm_up.scores, np.float64)
    block, everyone = np.ascontiguousarray(rows.T), np.arange(len(rows))
    none = np.empty((0, len(rows)))
    for binding in (Binding.OFFER, Binding.PAIR):
        slots = [(binding, number) for number in range(len(forest.names))]
        offer, pair = (block, none) if binding == Binding.OFFER else (none, block)
        scores = bind_forest(forest, slots, offer, _codes(artefact)).score(np.empty(0), pair, everyone)
        _compare(scores, expected)
    slots = [(Binding.REQUEST, number) for number in range(len(forest.names))]
    bound = bind_forest(forest, slots, np.empty((0, 1)), _codes(artefact))
    for row, score in zip(rows, expected, strict=True):
        _compare(bound.score(row, np.empty((0, 1)), np.zeros(1, np.intp)), np.array([score]))


def _compare(scores: Floats, expected: Floats) -> None:
    differ = np.flatnonzero(scores.view(np.int64) != expected.view(np.int64))
    if len(differ):
        row = differ[0]
        raise ArtefactError(
            f"warm-up row {row} gives {scores[row]!r} where LightGBM gave {expected[row]!r}: do not serve this model, "
            "train it again with the LightGBM version that Concierge pins"
        )
