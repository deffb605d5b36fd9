"""Is what it learned from what was served, and what it counts as answered what the journal says was earned?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.gate import Check

MOST = 0.001
"""Share of values that may differ: none does in a sound journal, and one damaged record must not stop a promotion."""
_RELATIVE = 1e-9


def check_features(learned: NDArray[np.float64], served: NDArray[np.float64], names: Sequence[str]) -> Check:
    """The features f8[n, features] it learned from must be those that serving computes for the same decisions."""
    if not learned.size:
        return Check("features", False, "No judged decision could be made again, so its features cannot be compared.")
    alike = np.isclose(learned, served, rtol=_RELATIVE, atol=0.0, equal_nan=True)
    shares = 1.0 - alike.mean(axis=0)
    worst = int(np.argmax(shares))
    figure = float(shares[worst])
    said = (
        f"Of {len(learned):,} shown offers that were weighed again, feature {names[worst]!r} differs most often from "
        f"what was learned from: on {figure:.2%}."
    )
    return Check("features", figure <= MOST, said, figure, MOST)


def check_labels(learned: NDArray[np.float64], earned: NDArray[np.float64]) -> Check:
    """The outcomes f8[n] it was measured on must be those f8[n] that the journal tells of the same decisions."""
    if not len(learned):
        return Check("labels", False, "No judged decision was among the rows, so its outcomes cannot be compared.")
    figure = float(1.0 - np.isclose(learned, earned, rtol=_RELATIVE, atol=0.0).mean())
    said = f"Of {len(learned):,} judged decisions, {figure:.2%} earned something else than was learned from."
    return Check("labels", figure <= MOST, said, figure, MOST)


def check_level(expected: float, observed: float, most: float = 3.0) -> Check:
    """Later outcomes must be about as frequent (or as large) as the champion, who was once right, expects them.

    A count of answers that is suddenly many times what it was is a broken count.
    """
    if min(expected, observed) <= 0.0:
        passed = expected <= 0.0
        return Check("level", passed, f"The champion expects {expected:.4g} per shown offer, and {observed:.4g} came.")
    ratio = observed / expected
    said = f"Where the champion expects {expected:.4g} per shown offer, {observed:.4g} came, {ratio:.2f} times as much."
    return Check("level", 1.0 / most <= ratio <= most, said, max(ratio, 1.0 / ratio), most)
