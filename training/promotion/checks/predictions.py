"""What can be said of a challenger from its predictions for the judged rows alone."""

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.gate import Check
from rules.promotion import Promotion
from training.learning.predictor import predict
from training.learning.rows import Rows
from training.promotion.checks.accuracy import Losses, check_accuracy, check_served, check_worth, losses
from training.promotion.checks.agreement import check_level
from training.promotion.checks.calibration import check_calibration
from training.promotion.checks.leak import check_foresight
from training.promotion.checks.ranking import check_continuity


def check_predictions(
    judge: Rows, model: NDArray[np.float64], mean: float, served: Artefact, champion: Artefact | None, bounds: Promotion
) -> tuple[Check, ...]:
    """The challenger's predictions f8[n] for the judged rows, beside the champion's and the `mean` of earlier rows.

    Without a champion that fits the rows, the mean stands in for one. `served` is what would serve.
    """
    target, response = judge.target, served.objective == "response"
    _, cluster = np.unique(judge.subject, return_inverse=True)
    constant = np.full(len(judge), mean)
    known = _known(judge, champion, served)
    beside = constant if known is None else known
    after = predict(served, judge)
    assert after is not None, "a model's own rows have its features"
    lost, lost_beside, lost_constant, lost_after = (
        losses(each, target, response) for each in (model, beside, constant, after)
    )
    checks = [
        check_calibration(model, beside, target, cluster, bounds.calibration),
        check_accuracy(lost, lost_beside, cluster, response),
        check_served(lost_after, lost, cluster, response),
        check_foresight(lost, lost_beside, lost_constant, cluster, bounds.foresight),
    ]
    if not response:
        checks.append(check_worth(lost, lost_constant, cluster))
    if known is not None and champion is not None:
        once = champion.metrics.get("model", {}).get("auc")
        if response and once is not None:
            checks.append(check_continuity(target, known, model, once))
        # Increments are differences, which may be of either sign: they have no level.
        if served.objective != "increment":
            checks.append(check_level(target, known, model, cluster))
    return tuple(checks)


def losses_of(
    judge: Rows, model: NDArray[np.float64], mean: float, served: Artefact, champion: Artefact | None
) -> Losses:
    """The losses of the judged rows; the arguments are those of `check_predictions`."""
    known = _known(judge, champion, served)
    beside, response = np.full(len(judge), mean) if known is None else known, served.objective == "response"
    _, cluster = np.unique(judge.subject, return_inverse=True)
    own, other = (losses(each, judge.target, response) for each in (model, beside))
    return Losses(own, other, judge.decision, cluster)


def _known(judge: Rows, champion: Artefact | None, served: Artefact) -> NDArray[np.float64] | None:
    """What the champion predicts for the same objective; None where it cannot."""
    return None if champion is None or champion.objective != served.objective else predict(champion, judge)
