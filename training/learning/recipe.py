"""How trees are grown: the settings of LightGBM, by objective and by how much there is to learn from."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.workspace import Objective

Parameter = str | int | float | bool


class Recipe(msgspec.Struct, frozen=True):
    """Settings of one training; the same rows and recipe give the same forest.

    `feature_share` is how many of the features a tree may use; `rounds` bounds the number of trees (each costs every
    decision time); `patience` is how many without improvement on later rows end the growth, `thin_rounds` how many are
    grown where too few later rows can say; `categories` how many values of a categorical feature keep a category of
    their own.
    """

    objective: Objective
    leaves: int
    least_rows: int
    l2: float
    learning_rate: float = 0.05
    feature_share: float = 1.0
    rounds: int = 300
    patience: int = 30
    thin_rounds: int = 40
    categories: int = 255
    seed: int = 20_210_517
    threads: int = 2

    def parameters(self) -> Mapping[str, Parameter]:
        """The recipe in LightGBM's words."""
        return {
            "objective": "binary" if self.objective == "response" else "regression",
            "metric": "binary_logloss" if self.objective == "response" else "l2",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least_rows,
            "min_data_per_group": self.least_rows,
            "lambda_l2": self.l2,
            "feature_fraction": self.feature_share,
            "cat_l2": self.l2,
            "cat_smooth": 20.0,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }


def recipe_for(objective: Objective, target: NDArray[np.float64], threads: int = 2) -> Recipe:
    """The recipe for rows with these targets f8[n].

    What can be learned about responses is bounded by how many there are of the rarer kind: few of them make small
    trees, each seeing half the features. Values are noisier than responses, so their trees stay small and shy.
    """
    rows = len(target)
    if objective != "response":
        return Recipe(objective, leaves=7, least_rows=_between(20, rows // 100, 500), l2=50.0, threads=threads)
    hits = int((target > 0).sum())
    return Recipe(
        objective,
        leaves=_between(4, min(hits, rows - hits) // 50, 31),
        least_rows=_between(20, rows // 500, 200),
        l2=5.0,
        feature_share=0.5,
        threads=threads,
    )


def _between(low: int, wanted: int, high: int) -> int:
    return max(low, min(wanted, high))
