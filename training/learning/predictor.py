"""What a stored model predicts for training rows, so that a new one can be judged beside it."""

import numpy as np
from numpy.typing import NDArray

from models.artefact import POSITION, Artefact
from training.learning.rows import Rows
from training.learning.trainer import Forest


def predict(artefact: Artefact, rows: Rows) -> NDArray[np.float64] | None:
    """The calibrated prediction f8[n] for each row, at the position it was shown at.

    None when the rows lack a feature that the model needs, so that nothing can be said.
    """
    if artefact.kind == "rates":
        return _rates(artefact, rows)
    columns = {feature: column for column, feature in enumerate(rows.inputs.features)}
    needed = [feature for feature in artefact.features if feature.name != POSITION]
    if any(feature not in columns for feature in needed):
        return None
    raw = np.column_stack(
        [rows.position if f.name == POSITION else rows.matrix[:, columns[f]] for f in artefact.features]
    )
    forest = Forest(artefact.forest, artefact.features, artefact.categories, 0)
    predicted = forest.predict(raw)
    return predicted if artefact.calibration is None else artefact.calibration.bind().apply(predicted)


def _rates(artefact: Artefact, rows: Rows) -> NDArray[np.float64]:
    rates = artefact.rates
    pairs = zip(rows.placement.tolist(), rows.offer.tolist(), strict=True)
    return np.array(
        [rates.offers.get(p, {}).get(o, rates.placements.get(p, rates.overall)) for p, o in pairs], np.float64
    )
