"""Are those who answered still told from those who did not?

Source: the variance of the area under the curve by DeLong, DeLong and Clarke-Pearson (Biometrics 1988).
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.gate import Check

ONE_SIDED_95 = 1.644854
"""Standard errors on one side that hold 95 % of a normal distribution."""
SURE = 3.3
"""Standard errors that one in two thousand exceeds: asked of a challenger where the champion sees chance alone."""
LEFT = 0.25
"""Share of what the champion ranks better than chance that should be left; else the world has changed, or the answers
are broken."""


def area(target: NDArray[np.float64], prediction: NDArray[np.float64]) -> tuple[float, float]:
    """The area under the curve of 0/1 targets f8[n] and its standard error; NaN without two rows of each kind."""
    hit = target > 0
    hits, others = int(hit.sum()), int((~hit).sum())
    if min(hits, others) < 2:
        return float("nan"), float("nan")
    ranks = rankdata(prediction)
    # For each row the share of the other kind that it is rightly above, or below.
    above = (ranks[hit] - rankdata(prediction[hit])) / others
    below = 1.0 - (ranks[~hit] - rankdata(prediction[~hit])) / hits
    return float(above.mean()), sqrt(float(above.var(ddof=1)) / hits + float(below.var(ddof=1)) / others)


def check_learning(target: NDArray[np.float64], model: NDArray[np.float64]) -> Check:
    """The challenger must rank answered rows above silent ones: else it has learned nothing that can be learned."""
    found, error = area(target, model)
    if np.isnan(found):
        return Check("learning", False, "Too few of the judged rows were answered, or not, to tell whether it learned.")
    figure = found - ONE_SIDED_95 * error
    said = (
        f"Of an answered and a silent row it ranks the answered one higher in {found:.1%}, and {figure:.1%} at least."
    )
    return Check("learning", figure > 0.5, said, figure, 0.5)


def check_continuity(
    target: NDArray[np.float64], champion: NDArray[np.float64], model: NDArray[np.float64], once: float
) -> Check:
    """Where the champion, who ranked so well `once`, sees chance alone, the challenger must see more beyond doubt.

    Then the world has changed; where neither sees anything, it is the answers that are broken.
    """
    found, error = area(target, champion)
    own, own_error = area(target, model)
    if np.isnan(found):
        return Check("continuity", True, "Too few of the latest rows were answered, or not, to tell.")
    bound = 0.5 + LEFT * (once - 0.5)
    figure = found + ONE_SIDED_95 * error
    said = (
        f"The champion ranked {once:.1%} of such pairs rightly when it was trained, and now {found:.1%}; "
        f"the challenger {own:.1%}."
    )
    return Check("continuity", figure >= bound or own - SURE * own_error > 0.5, said, figure, bound)
