"""Increments: what showing an offer brought beyond what would have come without one.

Source: the outcome less a cross-fitted prediction of it without treatment, as in the X-learner of Kuenzel et al. (PNAS
2019) and the R-learner of Nie and Wager (Biometrika 2021). Nothing was shown by chance, so that those who saw nothing
tell of the others; folds are people, so that no prediction knows what the same person did.
"""

import msgspec
import numpy as np

from training.errors import TrainingError
from training.learning.recipe import recipe_for
from training.learning.rows import Rows
from training.learning.tails import fit_tails
from training.learning.trainer import LEAST_ROWS, grow_forest, raw_inputs
from training.material.folds import FOLDS, fold_of


def increments(shown: Rows, silent: Rows, threads: int = 2) -> Rows:
    """The shown rows with their increments as targets: the value less what the same request brings without an offer.

    Values of both are capped alike first (`training.learning.tails`). Raises TrainingError without enough decisions
    that showed nothing by chance.
    """
    if len(silent) < LEAST_ROWS:
        raise TrainingError(
            f"There are {len(silent)} decisions that showed nothing by chance, and increments need {LEAST_ROWS}; "
            "declare a holdout, let the placement explore, or import decisions with the chance of showing nothing."
        )
    tails = fit_tails(np.concatenate([shown.target, silent.target]))
    tame, quiet = tails.tame(shown.target), msgspec.structs.replace(silent, target=tails.tame(silent.target))
    of_shown, of_silent = _folds(shown), _folds(silent)
    expected = np.empty(len(shown))
    for fold in range(FOLDS):
        stopping = (fold + 1) % FOLDS
        fit = quiet.take(np.flatnonzero((of_silent != fold) & (of_silent != stopping)))
        tune = quiet.take(np.flatnonzero(of_silent == stopping))
        forest = grow_forest(fit, tune, recipe_for("increment", fit.target, threads))
        mine = np.flatnonzero(of_shown == fold)
        expected[mine] = forest.predict(raw_inputs(shown.take(mine)))
    return msgspec.structs.replace(shown, target=tame - expected)


def _folds(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    names, member = np.unique(rows.subject, return_inverse=True)
    return np.array([fold_of(str(name)) for name in names], np.intp)[member]
