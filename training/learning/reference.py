"""What a model's inputs and predictions looked like in the rows it learned from."""

import msgspec
import numpy as np

from models.artefact import POSITION, Artefact
from models.feature_origin import NOW, origin_of
from models.reference import Histogram, Reference
from models.stability import spread, weights_of
from training.learning.predictor import predict
from training.learning.rows import Rows


def reference_of(artefact: Artefact, rows: Rows) -> Reference:
    """The spread of every feature of a model but the rank and the calendar, and of what it predicts at rank 1.

    A week in May has no hours or weekdays of its own, but is not like June: the calendar drifts by itself.
    """
    features: dict[str, Histogram] = {}
    people = np.unique(rows.subject, return_inverse=True)[1]
    for column, feature in enumerate(rows.inputs.features):
        origin = origin_of(feature.name, feature.value)
        if feature not in artefact.features or feature.name == POSITION or origin.family == NOW:
            continue
        weights = weights_of(origin.of_request, rows.position, rows.probability)
        found = spread(rows.matrix[:, column], weights, people, feature.name in rows.inputs.categorical)
        if found is not None:
            features[feature.name] = found
    predicted = predict(artefact, msgspec.structs.replace(rows, position=np.ones(len(rows))))
    if predicted is None:
        return Reference(features)
    return Reference(features, spread(predicted, weights_of(False, rows.position, rows.probability), people))
