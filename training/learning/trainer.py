"""Growing a forest: LightGBM on the rows of earlier decisions, stopped on those of later ones."""

import lightgbm
import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import POSITION, ModelFeature
from models.feature import encode_matrix
from models.response import response_of
from training.errors import TrainingError
from training.learning.recipe import Recipe
from training.learning.rows import Rows
from training.learning.tails import Tails, fit_tails

LEAST_RESPONSES = 10
"""Responses, and rows without one, below which a binary forest is not grown."""
STOPPING_RESPONSES = 20
"""Responses, and rows without one, that say when to stop growing; with fewer a forest gets `Recipe.thin_rounds`."""
LEAST_ROWS = 100


class Forest(msgspec.Struct, frozen=True, eq=False):
    """A grown forest in LightGBM's text format, and what its columns are: the rows' features, then the position."""

    text: str
    features: tuple[ModelFeature, ...]
    categories: dict[str, tuple[int, ...]]
    rounds: int

    def score(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """LightGBM's raw score f8[n] for raw values f8[n, features]."""
        names = tuple(feature.name for feature in self.features)
        booster = lightgbm.Booster(model_str=self.text)
        return np.asarray(booster.predict(encode_matrix(raw, names, self.categories), raw_score=True), np.float64)

    def predict(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """The uncalibrated prediction f8[n] (a probability, or a value), from the raw score as serving does it."""
        header = "objective="
        objective = next((line for line in self.text.splitlines() if line.startswith(header)), header)
        return response_of(objective.removeprefix(header))(self.score(raw))


def raw_inputs(rows: Rows) -> NDArray[np.float64]:
    """What a forest grown on these rows reads, f8[n, features + 1]: the rows' features, then the position."""
    return np.column_stack([rows.matrix, rows.position])


def grow_forest(fit: Rows, tune: Rows | None, recipe: Recipe, weight: NDArray[np.float64] | None = None) -> Forest:
    """A forest grown on `fit` for `recipe.rounds` trees, or fewer where `tune` says that more improve nothing.

    `weight` f8[n] is how much each row of `fit` counts, 1 without it. Values are learned from a capped copy (see
    `training.learning.tails`). Raises TrainingError when there is too little to learn from.
    """
    _demand(fit, recipe)
    categories = _categories(fit, recipe.categories)
    features = (*fit.inputs.features, ModelFeature(POSITION))
    tails = fit_tails(fit.target) if recipe.objective == "value" else None
    names = tuple(feature.name for feature in features)
    # LightGBM has its own idea of which characters a name may hold; the artefact knows the columns by their order.
    columns = [f"f{index}" for index in range(len(names))]
    options = dict(recipe.parameters())
    data = lightgbm.Dataset(
        encode_matrix(raw_inputs(fit), names, categories),
        _labels(fit, tails),
        weight=weight,
        feature_name=columns,
        categorical_feature=[index for index, name in enumerate(names) if name in categories],
        params=options,
        free_raw_data=True,
    )
    if tune is None:
        booster = lightgbm.train(options, data, recipe.rounds)
        return Forest(booster.model_to_string(), features, categories, booster.num_trees())
    later = lightgbm.Dataset(
        encode_matrix(raw_inputs(tune), names, categories),
        _labels(tune, tails),
        reference=data,
        params=options,
    )
    stopping = lightgbm.early_stopping(recipe.patience, verbose=False)
    booster = lightgbm.train(options, data, recipe.rounds, valid_sets=[later], callbacks=[stopping])
    best = max(1, booster.best_iteration)
    return Forest(booster.model_to_string(num_iteration=best), features, categories, best)


def may_stop(tune: Rows, recipe: Recipe) -> bool:
    """Whether rows hold enough to tell when another tree improves nothing any more."""
    if recipe.objective != "response":
        return len(tune) >= LEAST_ROWS
    hits = int((tune.target > 0).sum())
    return min(hits, len(tune) - hits) >= STOPPING_RESPONSES


def _labels(rows: Rows, tails: Tails | None) -> NDArray[np.float64]:
    return rows.target if tails is None else tails.tame(rows.target)


def _categories(rows: Rows, most: int) -> dict[str, tuple[int, ...]]:
    """The sorted codes that keep a category of their own, by feature: the most frequent ones; the rest are missing."""
    found = {}
    for column, feature in enumerate(rows.inputs.features):
        if feature.name in rows.inputs.categorical:
            codes, counts = np.unique(rows.matrix[:, column], return_counts=True)
            known = np.isfinite(codes)
            codes, counts = codes[known].astype(np.int64), counts[known]
            kept = codes[np.argsort(-counts, kind="stable")[:most]]
            found[feature.name] = tuple(sorted(kept.tolist()))
    return found


def _demand(rows: Rows, recipe: Recipe) -> None:
    if recipe.objective != "response":
        if len(rows) < LEAST_ROWS:
            raise TrainingError(
                f"There are {len(rows)} shown offers to learn from, and training needs {LEAST_ROWS}; "
                "collect more decisions."
            )
        return
    hits = int((rows.target > 0).sum())
    if min(hits, len(rows) - hits) < LEAST_RESPONSES:
        raise TrainingError(
            f"There are {hits} responses among {len(rows)} shown offers to learn from, and training needs "
            f"{LEAST_RESPONSES} with and {LEAST_RESPONSES} without one; collect more decisions."
        )
