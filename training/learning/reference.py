"""What a model's inputs and predictions looked like in the rows it learned from."""

import msgspec
import numpy as np

from models.artefact import POSITION, Artefact
from models.feature_origin import NOW, origin_of
from models.reference import Histogram, Reference
from models.stability import crowd_of, spread
from training.learning.predictor import predict
from training.learning.rows import Rows


def reference_of(artefact: Artefact, rows: Rows) -> Reference:
    """The spread of every feature of a model but the rank and the calendar, and of what it predicts at rank 1.

    A week in May has no hours or weekdays of its own, but is not like June: the calendar drifts by itself.
    """
    crowd = crowd_of(rows.position, rows.probability, rows.subject, rows.placement)
    features: dict[str, Histogram] = {}
    for column, feature in enumerate(rows.inputs.features):
        origin = origin_of(feature.name, feature.value)
        if feature not in artefact.features or feature.name == POSITION or origin.family == NOW:
            continue
        categorical = feature.name in rows.inputs.categorical
        found = spread(rows.matrix[:, column], crowd, origin.of_request, categorical)
        if found is not None:
            features[feature.name] = found
    predicted = predict(artefact, msgspec.structs.replace(rows, position=np.ones(len(rows))))
    return Reference(features, None if predicted is None else spread(predicted, crowd, of_request=False))
