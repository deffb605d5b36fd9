"""How good predictions are on rows they have not seen."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

_EDGE = 1e-12


class Quality(msgspec.Struct, frozen=True, omit_defaults=True):
    """Figures of one predictor over `rows` rows; those that do not fit the objective are None.

    `log_loss` in nats and `auc` for responses, `squared_error` (in squared units of value) for values;
    `mean_prediction` beside `mean_target` shows calibration in the large.
    """

    rows: int
    mean_prediction: float
    mean_target: float
    log_loss: float | None = None
    auc: float | None = None
    squared_error: float | None = None


def log_loss(target: NDArray[np.float64], prediction: NDArray[np.float64]) -> float:
    """Mean negative log likelihood in nats of 0/1 targets f8[n] under probabilities f8[n]."""
    likely = np.clip(prediction, _EDGE, 1 - _EDGE)
    return float(-np.mean(np.where(target > 0, np.log(likely), np.log1p(-likely))))


def area_under_curve(target: NDArray[np.float64], prediction: NDArray[np.float64]) -> float:
    """The chance that a row with the response is predicted above one without (ties count half); NaN with one class."""
    positive = target > 0
    wins, pairs = int(positive.sum()), int(positive.sum()) * int((~positive).sum())
    if not pairs:
        return float("nan")
    ranks = rankdata(prediction)
    return float((ranks[positive].sum() - wins * (wins + 1) / 2) / pairs)


def response_quality(target: NDArray[np.float64], prediction: NDArray[np.float64]) -> Quality:
    """The figures of predicted probabilities f8[n] beside 0/1 targets f8[n]."""
    return Quality(
        rows=len(target),
        mean_prediction=float(prediction.mean()),
        mean_target=float(target.mean()),
        log_loss=log_loss(target, prediction),
        auc=area_under_curve(target, prediction),
    )


def value_quality(target: NDArray[np.float64], prediction: NDArray[np.float64]) -> Quality:
    """The figures of predicted values f8[n] beside realised values f8[n]."""
    return Quality(
        rows=len(target),
        mean_prediction=float(prediction.mean()),
        mean_target=float(target.mean()),
        squared_error=float(np.square(target - prediction).mean()),
    )
