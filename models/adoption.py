"""Adoption: a LightGBM model file from elsewhere becomes an artefact, if the workspace declares its features."""

import re

import numpy as np

from models.artefact import POSITION, Artefact, ModelFeature, WarmUp
from models.feature import FeatureList, Floats
from models.forest import Forest, parse_forest
from models.response import response_of
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant
from rules.workspace import Objective

WARM_UP_ROWS = 64


def adopt_forest(text: str, goal: GoalId, objective: Objective, features: FeatureList, created: Instant) -> Artefact:
    """The artefact of a forest in LightGBM's text format; its feature names are those of the workspace's list.

    Raises `ArtefactError` when the forest cannot be served, when it reads a feature that is not declared, or one over
    strings: which category stood for which string is not in the file, so such a model is trained here.
    """
    forest = parse_forest(text)
    response_of(forest.objective)
    declared = {spec.name: spec for spec in features.specs}
    unknown = [name for name in forest.names if name != POSITION and name not in declared]
    if unknown:
        raise ArtefactError(
            f"the forest has features that are not declared: {', '.join(unknown)}; declare them as features"
        )
    used = [forest.names[feature] for feature in sorted(forest.used())]
    strings = [name for name in used if name in declared and declared[name].categorical]
    if strings:
        raise ArtefactError(
            f"the forest reads strings ({', '.join(strings)}), and its file does not say which category stands for "
            "which string: declare them as numbers, or train with `concierge train`"
        )
    rows = _rows(forest)
    scores = _scores(text, rows)
    listed = [ModelFeature(name, declared[name].value if name in declared else "") for name in forest.names]
    return Artefact(
        kind="forest",
        goal=goal,
        objective=objective,
        created=created,
        features=tuple(listed),
        forest=text,
        warm_up=WarmUp(tuple(tuple(map(float, row)) for row in rows), tuple(map(float, scores))),
    )


def _scores(text: str, rows: Floats) -> Floats:
    """What LightGBM gives for rows; raises `ArtefactError` when it does not read the text."""
    import lightgbm  # noqa: PLC0415  (18 MB and an eighth of a second, which serving does without)

    if "\nend of trees" not in text:
        raise ArtefactError("the LightGBM text is cut off: write it again with Booster.model_to_string")
    # With the trees' sizes it reads them in threads of its own, where what it cannot read kills the process.
    one_by_one = re.sub(r"\ntree_sizes=.*", "", text, count=1)
    try:
        scores = lightgbm.Booster(model_str=one_by_one).predict(rows, raw_score=True, num_threads=1)
    # Its message quotes the text, and may cut a letter in two.
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        raise ArtefactError(
            f"LightGBM does not read the text ({error}): write it again with Booster.model_to_string"
        ) from error
    return np.asarray(scores, np.float64)


def _rows(forest: Forest) -> Floats:
    """Rows that reach many leaves: each value is one of the feature's thresholds, just beyond one, zero or missing."""
    draw = np.random.default_rng(0)
    rows = np.empty((WARM_UP_ROWS, len(forest.names)))
    splits = [split for tree in forest.trees for split in tree.splits]
    for feature in range(len(forest.names)):
        at = np.array([split.threshold for split in splits if split.feature == feature], np.float64)
        rows[:, feature] = draw.choice(np.concatenate([at, np.nextafter(at, np.inf), [0.0, np.nan]]), WARM_UP_ROWS)
    return rows
