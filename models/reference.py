"""What a model's inputs and predictions looked like in what it learned from, as shares of bins, and their shift."""

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """The shares of a histogram's bins, which sum to 1; as many people of equal weight as `size` would tell as much."""

    shares: tuple[float, ...]
    size: float


class Histogram(msgspec.Struct, frozen=True):
    """How values were spread over bins, at each placement.

    Numbers fall into bins that end with the `edges`, and one above all of them; codes of strings into one bin for each
    of `categories`, and one for all others. The last bin is for missing values.
    """

    placements: dict[str, Spread]
    edges: tuple[float, ...] = ()
    categories: tuple[float, ...] | None = None


class Reference(msgspec.Struct, frozen=True):
    """The spread of each feature by name, and of the predictions at rank 1, None where nothing could be told."""

    features: dict[str, Histogram] = {}
    prediction: Histogram | None = None


class Stability(msgspec.Struct, frozen=True):
    """A stability index, and the one that two samples of these sizes exceed once in a thousand times by chance."""

    index: float
    chance: float

    def above(self, bound: float) -> bool:
        """Whether the shift is larger than a bound, and than chance explains."""
        return self.index > max(bound, self.chance)
