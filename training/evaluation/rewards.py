"""The reward model of doubly robust estimates: what any action would earn, by forests that never saw the person.

Source: cross-fitting, Chernozhukov et al. (2018). People are dealt to folds; each fold is predicted by a forest that
was grown and stopped on others. The forests are bound to offers as served models are, so that all of a decision's
actions cost what weighing them costs.
"""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing
from models.artefact import POSITION, Artefact, encode_artefact
from models.forest import BoundForest, bind_forest
from models.model import BoundModel, Model, load_model
from models.rates import Rates
from models.response import response_of
from rules.expression import Binding
from rules.ids import CatalogueVersion, GoalId, Instant, PlacementId
from training.errors import TrainingError
from training.evaluation.actions import Floats
from training.evaluation.lessons import Lessons, silent_vector
from training.learning.course import warm_up
from training.learning.recipe import recipe_for
from training.learning.rows import Rows
from training.learning.trainer import grow_forest
from training.material.folds import FOLDS, fold_of

Kind = Literal["response", "value"]
"""What the forests predict: the chance of the outcome, which the offer's V is multiplied by, or what it brings."""


class Rewards:
    """A model for each fold of people, bound to placements when first asked for them."""

    def __init__(self, models: tuple[Model, ...], kind: Kind) -> None:
        self.models = models
        self._kind = kind
        self._bound: dict[tuple[CatalogueVersion, PlacementId, int], BoundModel] = {}
        self._silent = tuple(_Silence(model) for model in models)

    def of(
        self, weighing: Weighing, snapshot: Snapshot, subject: str, among: NDArray[np.bool_] | None = None
    ) -> Floats:
        """What each action is expected to earn for a subject, f8[n + 1]: every candidate, and last showing nothing.

        A candidate that is not `among` those asked for bool[n] has 0; without them, one that is not open.
        """
        fold, placement = fold_of(subject), weighing.placement.bound
        key = snapshot.catalogue.version, placement.id, fold
        if key not in self._bound:
            self._bound[key] = self.models[fold].bind(placement.id, placement.offers, snapshot.features)
        rows = (weighing.open if among is None else among).nonzero()[0]
        expected = np.zeros(len(weighing.open) + 1)
        expected[rows] = self._bound[key].predict(weighing.features, rows)[rows]
        if self._kind == "response":
            expected[rows] *= weighing.parts.value[rows]
            return expected
        expected[-1] = self._silent[fold].predict(silent_vector(weighing.features), snapshot.features.names)
        return expected


class _Silence:
    """A fold's model for showing nothing: every feature is the request's, and those of an offer are missing."""

    def __init__(self, model: Model) -> None:
        self._artefact = model.artefact
        self._forest: BoundForest | None = None
        if model.forest is not None:
            names = [feature.name for feature in model.artefact.features]
            codes = {
                number: model.artefact.categories[name]
                for number, name in enumerate(names)
                if name in model.artefact.categories
            }
            slots = [(Binding.REQUEST, number) for number in range(len(names))]
            self._forest = bind_forest(model.forest, slots, np.empty((0, 1)), codes)
            self._response = response_of(model.forest.objective, model.forest.divisor)

    def predict(self, vector: Floats, names: tuple[str, ...]) -> float:
        """The figure for the features f8[n] of these names."""
        if self._forest is None:
            return self._artefact.rates.overall
        values = {**dict(zip(names, vector.tolist(), strict=True)), POSITION: 1.0}
        row = np.array([values[feature.name] for feature in self._artefact.features])
        return float(self._response(self._forest.score(row, np.empty((0, 1)), np.zeros(1, np.intp)))[0])


def fit_rewards(lessons: Lessons, goal: GoalId, kind: Kind, threads: int = 1) -> Rewards:
    """A model for each fold, from the lessons of the others; a plain mean where those teach too little for a forest."""
    return Rewards(tuple(_fit(lessons, fold, goal, kind, threads) for fold in range(FOLDS)), kind)


def _fit(lessons: Lessons, fold: int, goal: GoalId, kind: Kind, threads: int) -> Model:
    stopping = (fold + 1) % FOLDS
    tune = _rows(lessons, lessons.fold == stopping)
    fit = _rows(lessons, (lessons.fold != fold) & (lessons.fold != stopping))
    artefact = Artefact(kind="rates", goal=goal, objective=kind, created=Instant(0))
    try:
        forest = grow_forest(fit, tune, recipe_for(kind, fit.target, threads))
    except TrainingError:
        others = lessons.target[lessons.fold != fold]
        mean = float(others.mean()) if len(others) else 0.0
        return load_model(encode_artefact(msgspec.structs.replace(artefact, rates=Rates(overall=mean))))
    grown = msgspec.structs.replace(
        artefact,
        kind="forest",
        features=forest.features,
        categories=forest.categories,
        forest=forest.text,
        warm_up=warm_up(forest, fit),
    )
    return load_model(encode_artefact(grown))


def _rows(lessons: Lessons, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    """Lessons as a forest is grown from them."""
    at = np.flatnonzero(chosen)
    ones, none, words = np.ones(len(at)), np.full(len(at), np.nan), np.full(len(at), "")
    return Rows(
        inputs=lessons.inputs,
        matrix=lessons.matrix[at],
        target=lessons.target[at],
        worth=ones,
        position=ones,
        probability=none,
        at=at.astype(np.int64),
        delay=none,
        subject=words,
        decision=words,
        offer=words,
        placement=words,
    )
