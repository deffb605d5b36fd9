"""The gate: all that a challenger is held against before it may replace the champion."""

import msgspec
import numpy as np

from models.artefact import Artefact
from models.gate import Check
from rules.catalogue import Catalogue
from rules.promotion import Promotion
from rules.workspace import Objective
from training.evaluation.gain import Gain, paired_gain
from training.evaluation.judged import Judged
from training.learning.rows import Rows
from training.learning.split import Parts
from training.promotion.checks.agreement import check_features, check_labels
from training.promotion.checks.gain import check_gain, check_part
from training.promotion.checks.predictions import Predictors, check_predictions
from training.promotion.checks.warm_up import check_warm_up
from training.promotion.review import Review

MODEL, CHAMPION = "model", "champion"
"""What the policies are called that are judged beside each other."""


class Trial(msgspec.Struct, frozen=True, eq=False):
    """What a challenger was made from and judged on.

    `artefact` is what would serve, `predictors` what was judged, as the policies `MODEL` and `CHAMPION` of `judged`;
    that is None where nothing could be judged, and `unjudged` says why.
    """

    rows: Rows
    parts: Parts
    artefact: Artefact
    predictors: Predictors
    review: Review
    judged: Judged | None
    unjudged: str
    catalogue: Catalogue


def checks_of(trial: Trial, bounds: Promotion) -> tuple[Check, ...]:
    """Every check, whatever the others say."""
    review = trial.review
    everyone = frozenset(review.earned)
    parts = [(name, ids) for name, ids in sorted(review.parts.items()) if ids != everyone]
    return (
        check_gain(_gain(trial, None, bounds.confidence), bounds),
        *(check_part(name, _gain(trial, ids, bounds.confidence), bounds.loss) for name, ids in parts),
        *check_predictions(trial.rows, trial.parts, trial.predictors, bounds),
        *_agreement(trial.rows, trial.parts, review, trial.artefact.objective),
        check_warm_up(trial.artefact, trial.catalogue),
    )


def _gain(trial: Trial, ids: frozenset[str] | None, confidence: float) -> Gain:
    """The paired gain on all judged decisions, or on those with these ids."""
    judged = trial.judged
    if judged is None:
        nan = float("nan")
        return Gain(nan, nan, nan, nan, nan, 0, trial.unjudged)
    rows = None if ids is None else np.flatnonzero([decision in ids for decision in judged.decision.tolist()])
    return paired_gain(judged.logged, judged.policies[MODEL], judged.policies[CHAMPION], rows, confidence)


def _agreement(rows: Rows, parts: Parts, review: Review, objective: Objective) -> tuple[Check, ...]:
    """What was learned from beside what serving computes, and what the journal tells, for the judged rows."""
    judge = parts.judge.tolist()
    keys = {(str(rows.decision[row]), str(rows.offer[row])): row for row in judge}
    weighed = [(row, served) for key, served in review.served.items() if (row := keys.get(key)) is not None]
    learned = rows.matrix[[row for row, _ in weighed]]
    served = np.array([served for _, served in weighed]).reshape(learned.shape)
    features = check_features(learned, served, rows.inputs.names)
    if objective == "increment":
        # No journal tells of an increment: that is worked out from what was earned with and without an offer.
        return (features,)
    firsts = [row for row in judge if rows.position[row] == 1 and str(rows.decision[row]) in review.earned]
    told = [review.earned[str(rows.decision[row])] for row in firsts]
    earned = np.array([float(hits > 0) if objective == "response" else value for hits, value in told])
    return features, check_labels(rows.target[firsts], earned)
