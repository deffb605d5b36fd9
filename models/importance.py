"""What a model looks at: how much each of its features matters, in training and in what it gives."""

import msgspec
import numpy as np

from models.artefact import Artefact
from models.feature import encode_matrix
from models.feature_origin import origin_of
from models.forest.contribution import contributions, gains


class Importance(msgspec.Struct, frozen=True):
    """How much a feature matters: its share of what all splits gained in training, and how far it moves the raw score.

    `movement` is the mean over the warm-up rows of the size of its exact contribution.
    """

    feature: str
    family: str
    gain: float
    movement: float


def importance_of(artefact: Artefact) -> tuple[Importance, ...]:
    """The importance of every feature of a forest, the one that moves scores most first; empty without a forest."""
    if artefact.kind != "forest":
        return ()
    names = [feature.name for feature in artefact.features]
    rows = encode_matrix(np.array(artefact.warm_up.rows, np.float64), names, artefact.categories)
    movements = np.abs(contributions(artefact.forest, rows)[:, :-1]).mean(axis=0)
    gained = gains(artefact.forest)
    shares = gained / max(float(gained.sum()), np.finfo(np.float64).tiny)
    found = [
        Importance(feature.name, origin_of(feature.name, feature.value).family, gain, movement)
        for feature, gain, movement in zip(artefact.features, shares.tolist(), movements.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda each: (-each.movement, each.feature)))
