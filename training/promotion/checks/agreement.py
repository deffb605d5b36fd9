"""Is what it learned from what was served, and what it counts as answered what the journal says was earned?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.gate import Check
from training.promotion.checks.accuracy import interval

MOST = 0.001
"""Share of values that may differ: none does in a sound journal, and one damaged record must not stop a promotion."""
MOST_FOREKNOWING = 0.005
"""The same for profiles, whose events callers date."""
FOLLOWED = 1.5
"""By which factor the challenger may be off where the champion is by more."""
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
    """The outcomes f8[n] it learned from must be those f8[n] that the journal tells of the same offers."""
    if not len(learned):
        return Check("labels", False, "There are no rows, so their outcomes cannot be compared.")
    figure = float(1.0 - np.isclose(learned, earned, rtol=_RELATIVE, atol=0.0).mean())
    said = f"Of {len(learned):,} shown offers, {figure:.2%} brought something else than was learned from."
    return Check("labels", figure <= MOST, said, figure, MOST)


def check_foreknowledge(foreknowing: int, decisions: int) -> Check:
    """A profile must not know of what came after the decision: its answer would be among that."""
    figure = foreknowing / decisions if decisions else 0.0
    said = f"Of {decisions:,} judged decisions, {figure:.2%} were recorded with a profile that knows of later events."
    return Check("foreknowledge", figure <= MOST_FOREKNOWING, said, figure, MOST_FOREKNOWING)


def check_level(
    target: NDArray[np.float64],
    champion: NDArray[np.float64],
    model: NDArray[np.float64],
    cluster: NDArray[np.intp],
    most: float = 3.0,
) -> Check:
    """Later outcomes must not be shown to be several times as large, or small, as the champion expects.

    A count of answers that jumps is a broken count, until the challenger, who learned from more of it, expects as much.
    """
    expected, observed, own = float(champion.mean()), float(target.mean()), float(model.mean())
    least, _ = interval(target - most * champion, cluster)
    _, largest = interval(target - champion / most, cluster)
    jumped = least > 0.0 or largest < 0.0
    followed = observed > 0.0 and 1 / FOLLOWED <= own / observed <= FOLLOWED
    said = (
        f"Where the champion expects {expected:.4g} per shown offer and the challenger {own:.4g}, {observed:.4g} came."
    )
    return Check("level", not jumped or followed, said, observed, expected)
