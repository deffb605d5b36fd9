"""The gate: all that a challenger is held against before it may replace the champion."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.gate import Check
from rules.catalogue import Catalogue
from rules.ids import DecisionId, OfferId
from rules.promotion import Promotion
from training.evaluation.gain import Gain, paired_gain
from training.evaluation.judged import Judged
from training.evaluation.support import Support, support_of
from training.learning.rows import Rows
from training.learning.split import Parts
from training.material.ledger import Brought
from training.promotion.checks.accuracy import Losses
from training.promotion.checks.agreement import check_features, check_foreknowledge, check_labels
from training.promotion.checks.gain import check_gain, check_part, check_untold, check_untold_part
from training.promotion.checks.leak import check_leak
from training.promotion.checks.predictions import check_predictions, losses_of
from training.promotion.checks.ranking import check_learning
from training.promotion.checks.warm_up import check_warm_up
from training.promotion.review import Review
from training.promotion.understudy import CHAMPION, MODEL, Understudy


class Trial(msgspec.Struct, frozen=True, eq=False):
    """What a challenger was made from and judged on.

    `artefact` is what would serve, `understudy` what is judged in its place, as the policy `MODEL` of `judged` beside
    the `CHAMPION`. That is None where nothing could be judged, and `unjudged` says why. `beside` says who the champion
    was; `champion` is its artefact as it stood before the late rows, if it has one. `brought` is what the journal says
    that shown offers brought.
    """

    rows: Rows
    parts: Parts
    artefact: Artefact
    understudy: Understudy
    champion: Artefact | None
    review: Review
    brought: Brought
    judged: Judged | None
    unjudged: str
    beside: str
    catalogue: Catalogue


def checks_of(trial: Trial, bounds: Promotion) -> tuple[Check, ...]:
    """Every check, whatever the others say."""
    review, rows, late = trial.review, trial.rows, trial.understudy.late
    parts = [(name, ids) for name, ids in sorted(review.parts.items()) if ids != review.decisions]
    gain, left = _total(trial, bounds.confidence)
    told = _told(trial) if len(late) else None
    losses = None
    if told is not None and gain.refusal and bounds.untold == "predict" and _provable(trial):
        losses = losses_of(*told)
    if losses is None:
        checks = [check_gain(gain, bounds, trial.beside, left)]
    else:
        checks = [check_untold(gain, losses, bounds.confidence)]
    checks += [_part(trial, name, ids, bounds, losses) for name, ids in parts]
    if told is not None:
        checks += check_predictions(*told, bounds)
        if trial.artefact.objective == "response":
            since = rows.take(trial.understudy.judge)
            checks.append(check_learning(since.target, trial.understudy.predict(since)))
    checks.append(check_leak(rows, trial.parts.fit, trial.parts.judge, bounds.leak))
    checks.append(check_foreknowledge(len(review.foreknowing), len(review.decisions)))
    checks.append(_features(rows, trial.understudy.judge, review))
    # No journal tells of an increment: that is worked out from what was earned with and without an offer.
    if trial.artefact.objective != "increment":
        checks.append(_labels(rows, trial.brought, trial.artefact.objective == "response"))
    checks.append(check_warm_up(trial.artefact, trial.catalogue))
    return tuple(checks)


def _told(trial: Trial) -> tuple[Rows, NDArray[np.float64], float, Artefact, Artefact | None]:
    """What was predicted for the late rows, beside whom: the arguments of `check_predictions`."""
    late = trial.understudy.late
    judged, mean = trial.rows.take(late), float(np.delete(trial.rows.target, late).mean())
    return judged, trial.understudy.predict_late(judged), mean, trial.artefact, trial.champion


def _provable(trial: Trial) -> bool:
    """Whether predictions may tell instead of a gain: of responses that were tried at every placement, if rarely."""
    return trial.artefact.objective == "response" and trial.judged is not None and not blind(trial.judged)


def _part(trial: Trial, name: str, ids: frozenset[str], bounds: Promotion, losses: Losses | None) -> Check:
    judged = trial.judged
    if judged is None:
        return check_part(name, _untold(trial), bounds, True)
    rows = np.flatnonzero(np.isin(judged.decision, list(ids)))
    gain = _gain(judged, rows, bounds.confidence)
    part = check_part(name, gain, bounds, not gain.refusal or _tried(judged, rows))
    if losses is None or part.figure is not None:
        return part
    return check_untold_part(part, losses.of(ids), bounds.confidence)


def _tried(judged: Judged, rows: NDArray[np.intp]) -> bool:
    """Whether the log tried, if ever so rarely, what either side would do on these decisions."""
    return not any(support.untried for support in _supports(judged, rows))


def _supports(judged: Judged, rows: NDArray[np.intp]) -> list[Support]:
    logged = judged.logged.take(rows)
    return [support_of(logged, judged.policies[policy].take(rows)) for policy in (MODEL, CHAMPION)]


def _untold(trial: Trial) -> Gain:
    nan = float("nan")
    return Gain(nan, nan, nan, nan, nan, 0, trial.unjudged)


def _total(trial: Trial, confidence: float) -> tuple[Gain, tuple[str, ...]]:
    return (_untold(trial), ()) if trial.judged is None else total_gain(trial.judged, confidence)


def total_gain(judged: Judged, confidence: float) -> tuple[Gain, tuple[str, ...]]:
    """The paired gain on all judged decisions; where the log can tell none, that at the placements where it can.

    The others are named, and make up no more than half of the decisions; the log tried there what either side would do,
    but too rarely. Where it never did, nothing is told, and the refusal says where that lies.
    """
    gain = _gain(judged, None, confidence)
    if not gain.refusal:
        return gain, ()
    if untried := blind(judged):
        return msgspec.structs.replace(gain, refusal=f"{gain.refusal}{untried}"), ()
    each = {place: np.flatnonzero(judged.placement == place) for place in np.unique(judged.placement).tolist()}
    left = tuple(place for place, rows in each.items() if _gain(judged, rows, confidence).refusal)
    rows = np.flatnonzero(~np.isin(judged.placement, left))
    told = _gain(judged, rows, confidence) if 2 * len(rows) >= len(judged.logged) else gain
    return (gain, ()) if told.refusal else (told, left)


def _gain(judged: Judged, rows: NDArray[np.intp] | None, confidence: float) -> Gain:
    return paired_gain(judged.logged, judged.policies[MODEL], judged.policies[CHAMPION], rows, confidence, "greater")


def blind(judged: Judged) -> str:
    """Which placements never tried what either side would do there, and the way out; empty without any."""
    found = []
    for placement in np.unique(judged.placement).tolist():
        supports = _supports(judged, np.flatnonzero(judged.placement == placement))
        if any(support.untried for support in supports):
            found.append(f"{placement!r} ({max(support.outside for support in supports):.0%} of it)")
    if not found:
        return ""
    return (
        f", at placement {', '.join(found)}: let it explore (`exploration` in the workspace), judge the others alone "
        "with --placement, or put it to use with --force"
    )


def _features(rows: Rows, judge: NDArray[np.intp], review: Review) -> Check:
    """What was learned from beside what serving computes, for the judged rows."""
    keys = {(str(rows.decision[row]), str(rows.offer[row])): row for row in judge.tolist()}
    weighed = [(row, served) for key, served in review.served.items() if (row := keys.get(key)) is not None]
    learned = rows.matrix[[row for row, _ in weighed]]
    served = np.array([served for _, served in weighed]).reshape(learned.shape)
    return check_features(learned, served, rows.inputs.names)


def _labels(rows: Rows, brought: Brought, response: bool) -> Check:
    """What was learned of every offer beside what the journal tells of it."""
    nothing = (0, 0.0)
    told = [
        brought.get(DecisionId(decision), {}).get(OfferId(offer), nothing)
        for decision, offer in zip(rows.decision.tolist(), rows.offer.tolist(), strict=True)
    ]
    return check_labels(rows.target, np.array([float(hits > 0) if response else value for hits, value in told]))
