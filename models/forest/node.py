"""Nodes: the splits of all trees in one array, tree by tree and parents first."""

import numpy as np
from numpy.typing import NDArray

Nodes = NDArray[np.void]
"""Splits of type `NODE`; a child is the number of a split, or `~leaf`."""

NODE = np.dtype(
    [
        ("left", np.int32), ("right", np.int32), ("input", np.int32),
        ("mask", np.uint8), ("limit", np.uint8), ("request", np.bool_),
    ],
    align=True,
)  # fmt: skip
"""A split: a row goes right when the byte `input` of the request, or else of the offer or pair, under `mask` is above
`limit`."""
