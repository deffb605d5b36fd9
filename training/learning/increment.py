"""Increments: what showing an offer brought beyond what would have come without one.

Source: the outcome less a cross-fitted prediction of it without treatment, as in the X-learner of Kuenzel et al. (PNAS
2019) and the R-learner of Nie and Wager (Biometrika 2021). Nothing was shown by chance, so that those who saw nothing
tell of the others; folds are people, so that no prediction knows what the same person did.
"""

import msgspec
import numpy as np

from models.artefact import ModelFeature
from training.errors import TrainingError
from training.learning.recipe import recipe_for
from training.learning.rows import Inputs, Rows
from training.learning.tails import fit_tails
from training.learning.trainer import LEAST_ROWS, grow_forest, may_stop, raw_inputs
from training.material.folds import FOLDS, fold_of
from training.material.kin import NOBODY, Kin, as_persons

LEAST_SILENT = LEAST_ROWS * FOLDS // (FOLDS - 2) + FOLDS
"""Decisions that showed nothing: all folds but two must hold enough to grow a forest."""


def increments(shown: Rows, silent: Rows, threads: int = 2, kin: Kin = NOBODY) -> Rows:
    """The shown rows with their increments as targets: the value less what the same request brings without an offer.

    Values of both are capped alike first (`training.learning.tails`). What is predicted from holds the placement too,
    so that one where nothing is shown more often does not stand for another. Raises TrainingError without enough
    decisions that showed nothing by chance. `kin` says who is the same person.
    """
    of_shown, of_silent = _folds(shown, kin), _folds(silent, kin)
    learned = [np.flatnonzero((of_silent != fold) & (of_silent != _stopping(fold))) for fold in range(FOLDS)]
    if min(map(len, learned)) < LEAST_ROWS:
        raise TrainingError(
            f"Only {len(silent)} decisions showed nothing by chance, and increments need some {LEAST_SILENT}; "
            "declare a holdout, let the placement explore, or import decisions with the chance of showing nothing."
        )
    tails = fit_tails(np.concatenate([shown.target, silent.target]))
    names = np.unique(np.concatenate([shown.placement, silent.placement]))
    quiet = _placed(msgspec.structs.replace(silent, target=tails.tame(silent.target)), names)
    asked = raw_inputs(_placed(shown, names))
    expected = np.empty(len(shown))
    for fold, fit in enumerate(learned):
        tune = quiet.take(np.flatnonzero(of_silent == _stopping(fold)))
        recipe = recipe_for("increment", quiet.target[fit], threads)
        stops = may_stop(tune, recipe)
        recipe = recipe if stops else msgspec.structs.replace(recipe, rounds=recipe.thin_rounds)
        forest = grow_forest(quiet.take(fit), tune if stops else None, recipe)
        mine = np.flatnonzero(of_shown == fold)
        expected[mine] = forest.predict(asked[mine])
    return msgspec.structs.replace(shown, target=tails.tame(shown.target) - expected)


def _stopping(fold: int) -> int:
    return (fold + 1) % FOLDS


def _placed(rows: Rows, names: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Rows:
    """The rows with their placement as one more category: its place among the names."""
    feature = ModelFeature(" placement")
    inputs = Inputs((*rows.inputs.features, feature), rows.inputs.categorical | {feature.name})
    matrix = np.column_stack([rows.matrix, np.searchsorted(names, rows.placement)])
    return msgspec.structs.replace(rows, inputs=inputs, matrix=matrix)


def _folds(rows: Rows, kin: Kin) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    names, member = np.unique(as_persons(rows.subject, kin), return_inverse=True)
    return np.array([fold_of(str(name)) for name in names], np.intp)[member]
