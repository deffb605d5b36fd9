"""What can be said of a challenger from its predictions for later rows alone."""

import msgspec
import numpy as np

from models.artefact import Artefact
from models.gate import Check
from rules.promotion import Promotion
from training.learning.predictor import predict
from training.learning.rows import Rows
from training.learning.split import Parts
from training.promotion.checks.accuracy import check_accuracy, check_worth, losses
from training.promotion.checks.agreement import check_level
from training.promotion.checks.calibration import check_calibration
from training.promotion.checks.leak import check_foresight, check_leak
from training.promotion.checks.ranking import check_continuity, check_learning


class Predictors(msgspec.Struct, frozen=True, eq=False):
    """The challenger as it was before it saw the judged rows, and the champion, if there is one."""

    challenger: Artefact
    champion: Artefact | None


def check_predictions(rows: Rows, parts: Parts, predictors: Predictors, bounds: Promotion) -> tuple[Check, ...]:
    """Calibration, accuracy, learning and level on the judged rows, and whether a feature knows the outcome.

    Without a champion that fits the rows, the mean outcome of the rows learned from stands in for one.
    """
    inputs = rows.inputs
    leak = check_leak(rows.matrix, rows.target, inputs.names, inputs.categorical, parts.fit, parts.judge, bounds.leak)
    challenger, champion = predictors.challenger, predictors.champion
    judge = rows.take(parts.judge)
    target, response = judge.target, challenger.objective == "response"
    _, cluster = np.unique(judge.subject, return_inverse=True)
    model = predict(challenger, judge)
    assert model is not None, "a model's own rows have its features"
    constant = np.full(len(judge), rows.target[parts.fit].mean())
    known = None
    if champion is not None and champion.objective == challenger.objective:
        known = predict(champion, judge)
    beside = constant if known is None else known
    lost, lost_beside, lost_constant = (losses(each, target, response) for each in (model, beside, constant))
    checks = [
        check_calibration(model, beside, target, cluster, bounds.calibration),
        check_accuracy(lost, lost_beside, cluster),
        check_learning(target, model) if response else check_worth(lost, lost_constant, cluster),
    ]
    if known is not None and champion is not None:
        once = champion.metrics.get("model", {}).get("auc")
        if response and once is not None:
            checks.append(check_continuity(target, known, once))
        checks.append(check_level(float(known.mean()), float(target.mean())))
    return (*checks, leak, check_foresight(lost, lost_constant, bounds.foresight))
