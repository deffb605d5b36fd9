"""The compiled gathering of some offers' features from blocks by binding into rows."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True)
def gather(
    offer: Floats,
    request: Floats,
    pair: Floats,
    offer_columns: Places,
    request_columns: Places,
    pair_columns: Places,
    rows: Places,
    gathered: Floats,
) -> None:
    """Fill `gathered` (rows × features) with the offers in `rows`.

    `offer` and `pair` are (features × offers), `request` (features); `…_columns` say where each feature goes.
    """
    for at in range(len(rows)):
        for feature in range(len(offer_columns)):
            gathered[at, offer_columns[feature]] = offer[feature, rows[at]]
        for feature in range(len(request_columns)):
            gathered[at, request_columns[feature]] = request[feature]
        for feature in range(len(pair_columns)):
            gathered[at, pair_columns[feature]] = pair[feature, rows[at]]
