"""Training rows: one per shown offer, with the feature values recorded when it was shown."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import ModelFeature


class Inputs(msgspec.Struct, frozen=True):
    """What the columns of a matrix are: features in order, and the names of those over strings."""

    features: tuple[ModelFeature, ...]
    categorical: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)


class Rows(msgspec.Struct, frozen=True, eq=False):
    """Shown offers as columns, in order of time.

    `matrix` f8[n, features] holds raw values (strings as codes, NaN when missing). `target` f8[n] is 1 or 0 for a
    response, or the value that came; `worth` f8[n] is what the offer was said to be worth. `position` f8[n] is the
    rank from 1, `probability` f8[n] that of the offer at its rank (NaN when unknown), `at` int64[n] the decision's
    moment in ms, `delay` f8[n] how much later the first outcome came (ms, NaN without one). Rows of one `subject` are
    not independent of each other.
    """

    inputs: Inputs
    matrix: NDArray[np.float64]
    target: NDArray[np.float64]
    worth: NDArray[np.float64]
    position: NDArray[np.float64]
    probability: NDArray[np.float64]
    at: NDArray[np.int64]
    delay: NDArray[np.float64]
    subject: NDArray[np.str_]
    decision: NDArray[np.str_]
    offer: NDArray[np.str_]
    placement: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.intp]) -> "Rows":
        """The same columns over a subset of rows."""
        columns = {name: getattr(self, name)[rows] for name in self.__struct_fields__ if name != "inputs"}
        return Rows(inputs=self.inputs, **columns)

    def joined(self, later: "Rows") -> "Rows":
        """These rows and then the later ones, of the same inputs."""
        columns = {
            name: np.concatenate([getattr(self, name), getattr(later, name)])
            for name in self.__struct_fields__
            if name != "inputs"
        }
        return Rows(inputs=self.inputs, **columns)
