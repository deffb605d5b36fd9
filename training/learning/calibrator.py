"""Fitting the calibration of a response model: isotonic regression, drawn as straight lines.

Source: isotonic regression as in Zadrozny and Elkan (KDD 2002), by `scipy.optimize.isotonic_regression`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from models.calibration import Calibration
from training.errors import TrainingError

LEAST = 20
"""Responses, and rows without one, that a step must hold; fewer make steps of chance that upset the ranking."""

_EDGE = 1e-9


def fit_calibration(prediction: NDArray[np.float64], target: NDArray[np.float64], least: int = LEAST) -> Calibration:
    """The monotone map from predicted probabilities f8[n] to what 0/1 targets f8[n] show.

    The rows must be later than those that grew the trees. Steps of the isotonic fit are joined until each holds `least`
    rows of both kinds, and become one knot each, at their mean; lines lead from there to (0, 0) and (1, 1), so that
    different predictions below and above the outermost steps stay different. Raises TrainingError without rows.
    """
    if not len(target):
        raise TrainingError("There are no rows to calibrate on; collect decisions over a longer time.")
    order = np.argsort(prediction, kind="stable")
    predicted, observed = prediction[order], target[order]
    starts = isotonic_regression(observed).blocks[:-1].astype(np.intp)
    counts = np.diff(np.append(starts, len(observed))).astype(np.float64)
    responses = np.add.reduceat(observed, starts)
    places = np.add.reduceat(predicted, starts)
    groups = _joined(counts, responses, least)
    counts, responses, places = (np.add.reduceat(column, groups) for column in (counts, responses, places))
    # One response more, and the rows it takes at the prediction: a step with little to show keeps near what was
    # predicted, and none reaches 0 or 1, which no finite sample proves.
    means = np.clip(places / counts, _EDGE, 1 - _EDGE)
    heights = (responses + 1) / (counts + 1 / means)
    x = np.concatenate([[0.0], places / counts, [1.0]])
    y = np.maximum.accumulate(np.concatenate([[0.0], heights, [1.0]]))
    rising = np.append(True, np.diff(x) > 0)
    return Calibration(tuple(x[rising].tolist()), tuple(y[rising].tolist()))


def _joined(counts: NDArray[np.float64], responses: NDArray[np.float64], least: int) -> NDArray[np.intp]:
    """The first step of each group of neighbours that together hold enough; a poor remainder joins the last group."""
    groups = [0]
    rows = hits = 0.0
    for step in range(len(counts)):
        rows, hits = rows + counts[step], hits + responses[step]
        if hits >= least and rows - hits >= least:
            groups.append(step + 1)
            rows = hits = 0.0
    if len(groups) > 1:
        groups.pop()
    return np.array(groups, np.intp)
