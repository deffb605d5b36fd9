"""How far the latest shown offers are from what a model learned from."""

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.artefact import Artefact, ModelFeature
from models.feature_origin import origin_of
from models.reference import Stability
from models.stability import crowd_of, stability
from rules.ids import ModelVersion

Floats = NDArray[np.float64]
Vectors = Mapping[str, tuple[ModelFeature, ...]]
"""What the recorded vectors of each catalogue version hold, in order."""


class Drift(msgspec.Struct, frozen=True):
    """The shift of each feature, and of the predictions; without those of which too little is known."""

    features: dict[str, Stability]
    prediction: Stability | None


def drift_of(artefact: Artefact, version: ModelVersion, shown: pa.Table, vectors: Vectors) -> Drift:
    """The shifts between a model's reference and shown offers (see `decision.care.ledger.shown_since`).

    Every offer tells of the features, whichever model chose it; of the predictions only what this version predicted.
    """
    reference = artefact.reference
    if reference is None:
        return Drift({}, None)
    crowd = crowd_of(
        _floats(shown, "rank"), _floats(shown, "probability"), _words(shown, "subject"), _words(shown, "placement")
    )
    features: dict[str, Stability] = {}
    for feature in artefact.features:
        before = reference.features.get(feature.name)
        if before is not None:
            rows, values = _values(shown, vectors, feature)
            origin = origin_of(feature.name, feature.value)
            found = stability(before, values, crowd.take(rows), origin.of_request)
            if found is not None:
                features[feature.name] = found
    if reference.prediction is None:
        return Drift(features, None)
    prediction = _floats(shown, "prediction")
    own = np.flatnonzero((shown.column("model").to_numpy() == version) & ~np.isnan(prediction))
    return Drift(features, stability(reference.prediction, prediction[own], crowd.take(own), of_request=False))


def _values(shown: pa.Table, vectors: Vectors, feature: ModelFeature) -> tuple[NDArray[np.intp], Floats]:
    """The rows whose catalogue records a feature, and its values there."""
    catalogues = shown.column("catalogue").to_numpy()
    lengths = pc.list_value_length(shown.column("features")).to_numpy()
    rows, values = [np.zeros(0, np.intp)], [np.zeros(0)]
    for catalogue, recorded in vectors.items():
        if feature in recorded:
            fitting = np.flatnonzero((catalogues == catalogue) & (lengths == len(recorded)))
            vector = pc.list_element(shown.column("features").take(fitting), recorded.index(feature))
            rows.append(fitting)
            values.append(vector.to_numpy().astype(np.float64))
    return np.concatenate(rows), np.concatenate(values)


def _floats(table: pa.Table, name: str) -> Floats:
    return table.column(name).to_numpy().astype(np.float64)


def _words(table: pa.Table, name: str) -> NDArray[np.str_]:
    return table.column(name).to_numpy().astype(np.str_)
