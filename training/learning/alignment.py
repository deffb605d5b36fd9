"""Putting feature vectors of several catalogue versions under one another."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.artefact import ModelFeature
from models.feature import FeatureList
from training.learning.rows import Inputs


def inputs_of(features: FeatureList) -> Inputs:
    """The columns of a feature list's recorded vectors."""
    return Inputs(
        tuple(ModelFeature(spec.name, spec.value) for spec in features.specs),
        frozenset(spec.name for spec in features.specs if spec.categorical),
    )


def align(matrix: NDArray[np.float64], recorded: Inputs, wanted: Inputs) -> NDArray[np.float64]:
    """Recorded vectors f8[n, recorded] as f8[n, wanted].

    A feature is the same when its name and its expression are, and it is a category in both or in neither; one that was
    not recorded is missing (NaN).
    """
    if recorded == wanted:
        return matrix
    places: Mapping[ModelFeature, int] = {feature: place for place, feature in enumerate(recorded.features)}
    aligned = np.full((len(matrix), len(wanted.features)), np.nan)
    for column, feature in enumerate(wanted.features):
        place = places.get(feature)
        alike = (feature.name in recorded.categorical) == (feature.name in wanted.categorical)
        if place is not None and alike:
            aligned[:, column] = matrix[:, place]
    return aligned
