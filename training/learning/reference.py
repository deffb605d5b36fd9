"""What a model's inputs and predictions looked like in the rows it learned from."""

import msgspec
import numpy as np

from models.artefact import POSITION, Artefact
from models.feature_origin import NOW, origin_of
from models.forest import parse_forest
from models.reference import Histogram, Reference
from models.stability import crowd_of, spread
from training.learning.predictor import predict
from training.learning.rows import Rows


def reference_of(artefact: Artefact, rows: Rows) -> Reference:
    """The spread of every feature that a model's trees use but the rank and the calendar, and of its predictions.

    These are for rank 1. The calendar is left out because it drifts by itself: May is not like June.
    """
    crowd = crowd_of(rows.position, rows.probability, rows.subject, rows.placement)
    used = {artefact.features[column] for column in parse_forest(artefact.forest).used()}
    features: dict[str, Histogram] = {}
    for column, feature in enumerate(rows.inputs.features):
        origin = origin_of(feature.name, feature.value)
        if feature not in used or feature.name == POSITION or origin.family == NOW:
            continue
        categorical = feature.name in rows.inputs.categorical
        found = spread(rows.matrix[:, column], crowd, origin.of_request, categorical)
        if found is not None:
            features[feature.name] = found
    predicted = predict(artefact, msgspec.structs.replace(rows, position=np.ones(len(rows))))
    return Reference(features, None if predicted is None else spread(predicted, crowd, of_request=False))
