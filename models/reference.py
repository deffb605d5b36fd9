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

    def tell(self, bin: int) -> str:
        """What lies in a bin, in words; the code of a string does not tell which one it is."""
        known = self.edges if self.categories is None else self.categories
        if bin > len(known):
            return "missing"
        if self.categories is not None:
            return "one of its values" if bin < len(known) else "values that were rare or never seen"
        if bin == 0:
            return f"up to {known[0]:.6g}, as never before" if known else "any number"
        if bin == len(known):
            return f"above {known[-1]:.6g}, as never before"
        return f"{known[bin - 1]:.6g} to {known[bin]:.6g}"


class Reference(msgspec.Struct, frozen=True):
    """The spread of each feature by name, and of the predictions at rank 1, None where nothing could be told."""

    features: dict[str, Histogram] = {}
    prediction: Histogram | None = None


class Shift(msgspec.Struct, frozen=True):
    """The bin that tells most of a shift: what lies in it, in words, and its share before and now."""

    what: str
    before: float
    now: float

    def __str__(self) -> str:
        return f"{self.what}: once {_percent(self.before)}, now {_percent(self.now)}"


class Stability(msgspec.Struct, frozen=True):
    """A stability index, and the one that two samples of these sizes exceed once in a thousand times by chance.

    `shift` is where most of it comes from; None in what was written before there was one.
    """

    index: float
    chance: float
    shift: Shift | None = None

    def above(self, bound: float) -> bool:
        """Whether the shift is larger than a bound, and than chance explains."""
        return self.index > max(bound, self.chance)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
