"""What each feature adds to a forest's raw score, exactly: Shapley values along the trees' own paths."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def contributions(text: str, matrix: Floats) -> Floats:
    """What each feature of a forest in LightGBM's text format adds to the raw score of each row.

    `matrix` f8[n, features] holds what LightGBM is given (categories, not codes). The answer f8[n, features + 1] sums
    to the raw score but for the rounding of the sums; its last column is what the forest gives on average.

    Method: TreeSHAP over the rows that training sent each way (Lundberg, Erion, Lee, "Consistent individualized feature
    attribution for tree ensembles", arXiv 1802.03888), by LightGBM itself.
    """
    if not len(matrix):
        return np.zeros((0, matrix.shape[1] + 1))
    import lightgbm  # noqa: PLC0415  (18 MB and an eighth of a second, which serving does without)

    found = lightgbm.Booster(model_str=text).predict(matrix, pred_contrib=True, num_threads=1)
    return np.asarray(found, np.float64)


def gains(text: str) -> Floats:
    """How much each feature's splits improved the fit in training, in all: f8[features]."""
    import lightgbm  # noqa: PLC0415  (18 MB and an eighth of a second, which serving does without)

    return np.asarray(lightgbm.Booster(model_str=text).feature_importance("gain"), np.float64)
