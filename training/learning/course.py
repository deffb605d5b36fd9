"""One training from rows to a servable artefact: grow, stop, calibrate, judge, then learn again from everything."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact, WarmUp
from models.calibration import Calibration
from rules.ids import GoalId, Instant, OfferId
from rules.workspace import Objective
from training.learning.calibrator import fit_calibration
from training.learning.delay import Lesson, Young, lesson_of
from training.learning.metrics import Quality, response_quality, value_quality
from training.learning.predictor import predict
from training.learning.recipe import Recipe, recipe_for
from training.learning.reference import reference_of
from training.learning.rows import Rows
from training.learning.split import Parts, split_by_time
from training.learning.trainer import Forest, grow_forest, may_stop, raw_inputs

WARM_UP_ROWS = 64


class Course(msgspec.Struct, frozen=True, eq=False):
    """What a training made: the artefact, the parts it was split into, and how it did on rows it had not seen.

    `quality` is by predictor: `model`, `champion` (absent when there is none that fits the rows), `constant` (the mean
    of what was learned from) and `random` (the model's own predictions dealt out at random).
    """

    artefact: Artefact
    parts: Parts
    judged: Artefact
    quality: dict[str, Quality]


def train(
    rows: Rows,
    goal: GoalId,
    objective: Objective,
    created: Instant,
    champion: Artefact | None,
    threads: int = 2,
    young: Young | None = None,
) -> Course:
    """Train on rows whose windows have passed; raises TrainingError when they are too few.

    How many trees pay is found on `fit`, stopped by `tune`. The judged model is grown so on both and measured on
    `judge`; the artefact's on everything, and on `young` rows as far as their outcomes have come. A response forest
    takes the calibration that its predecessor, grown one part less far, needs on that part: as far out of time as its
    own predictions will be.
    """
    parts = split_by_time(rows.at)
    fit, tune, judge = rows.take(parts.fit), rows.take(parts.tune), rows.take(parts.judge)
    recipe = recipe_for(objective, fit.target, threads)
    stops = may_stop(tune, recipe)
    recipe = recipe if stops else msgspec.structs.replace(recipe, rounds=recipe.thin_rounds)
    found = grow_forest(fit, tune if stops else None, recipe)
    again = msgspec.structs.replace(recipe, rounds=found.rounds)
    before = rows.take(np.concatenate([parts.fit, parts.tune]))
    earlier = grow_forest(before, None, again)
    first = _artefact(before, goal, objective, created, earlier, calibration_of(found, tune, objective), {})
    quality = _quality(first, champion, before, judge, objective, recipe)
    calibration = calibration_of(earlier, judge, objective)
    learned = Lesson(rows, np.ones(len(rows)))
    if young is not None and len(young.rows):
        rate = predict(first, young.rows)
        assert rate is not None, "young rows have the same features"
        learned = lesson_of(rows, young, objective, rate)
    forest = grow_forest(learned.rows, None, again, learned.weight)
    artefact = _artefact(rows, goal, objective, created, forest, calibration, _figures(quality))
    artefact = msgspec.structs.replace(
        artefact, window=_window(learned.rows), settled=_window(rows)[1], reference=reference_of(artefact, rows)
    )
    return Course(artefact, parts, first, quality)


def calibration_of(forest: Forest, later: Rows, objective: Objective) -> Calibration | None:
    """What makes a response forest's predictions for later rows true; other objectives have none."""
    return fit_calibration(forest.predict(raw_inputs(later)), later.target) if objective == "response" else None


def _quality(
    first: Artefact, champion: Artefact | None, before: Rows, judge: Rows, objective: Objective, recipe: Recipe
) -> dict[str, Quality]:
    measure = response_quality if objective == "response" else value_quality
    model = predict(first, judge)
    assert model is not None, "a model's own rows have its features"
    predictions: dict[str, NDArray[np.float64] | None] = {
        "model": model,
        "champion": None if champion is None or champion.objective != objective else predict(champion, judge),
        "constant": np.full(len(judge), before.target.mean()),
        "random": np.random.default_rng(recipe.seed).permutation(model),
    }
    return {name: measure(judge.target, found) for name, found in predictions.items() if found is not None}


def _figures(quality: Mapping[str, Quality]) -> dict[str, dict[str, float]]:
    return {
        name: {key: float(figure) for key, figure in msgspec.structs.asdict(found).items() if figure is not None}
        for name, found in quality.items()
    }


def _artefact(
    rows: Rows,
    goal: GoalId,
    objective: Objective,
    created: Instant,
    forest: Forest,
    calibration: Calibration | None,
    metrics: dict[str, dict[str, float]],
) -> Artefact:
    return Artefact(
        kind="forest",
        goal=goal,
        objective=objective,
        created=created,
        window=_window(rows),
        evidence=len(rows),
        evidence_by_offer=_shown(rows),
        variation=_variation(rows),
        metrics=metrics,
        features=forest.features,
        categories=forest.categories,
        forest=forest.text,
        calibration=calibration,
        warm_up=warm_up(forest, rows),
    )


def _window(rows: Rows) -> tuple[Instant, Instant]:
    return Instant(int(rows.at.min())), Instant(int(rows.at.max()) + 1)


def _shown(rows: Rows) -> dict[OfferId, int]:
    offers, counts = np.unique(rows.offer, return_counts=True)
    return {OfferId(str(offer)): int(count) for offer, count in zip(offers, counts, strict=True)}


def _variation(rows: Rows) -> float:
    """Standard deviation over mean of the targets; 0 without a mean above 0."""
    mean = float(rows.target.mean())
    return float(rows.target.std()) / mean if mean > 0 else 0.0


def warm_up(forest: Forest, rows: Rows, most: int = WARM_UP_ROWS) -> WarmUp:
    """Rows spread over those learned from, and one where every feature is missing, with LightGBM's raw scores."""
    spread = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.intp))
    raw = raw_inputs(rows.take(spread))
    missing = np.full((1, raw.shape[1]), np.nan)
    missing[0, -1] = 1.0
    raw = np.vstack([raw, missing])
    scores = forest.score(raw)
    return WarmUp(tuple(map(tuple, raw.tolist())), tuple(scores.tolist()))
