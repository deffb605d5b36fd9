"""Does one feature alone foretell the outcome as only a feature can that already holds it?"""

import numpy as np
from numpy.typing import NDArray

from models.gate import Check
from training.learning.rows import Rows
from training.promotion.checks.accuracy import interval, losses

_PLACES = np.array([0.001, 0.005, 0.01, 0.02, 0.05, *np.arange(0.1, 0.95, 0.05), 0.95, 0.98, 0.99, 0.995, 0.999])
_WORDS = 50
ERRORS = 2.5
"""Standard errors by which a share must exceed its bound: the best of thirty features exceeds two by chance."""
_PRIOR = 2.0
"""Rows of average outcome that each bin is given, so that a bin of few rows foretells little."""


def check_leak(rows: Rows, fit: NDArray[np.intp], judge: NDArray[np.intp], most: float) -> Check:
    """No single feature may be shown to explain more of the outcome than this share of what one figure for all leaves.

    Bins are fitted on the rows `fit` and judged on the rows `judge`. Honest features explain a few hundredths; one that
    was written after the outcome explains about as much as the share of outcomes it knows of.
    """
    inputs, (_, cluster) = rows.inputs, np.unique(rows.subject[judge], return_inverse=True)
    found = [
        (*explained(rows.matrix[:, column], rows.target, name in inputs.categorical, fit, judge, cluster), name)
        for column, name in enumerate(inputs.names)
    ]
    if not found:
        return Check("leak", True, "There are no features that could know the outcome.")
    least, share, name = max(found)
    said = f"Feature {name!r} alone explains {share:.1%} of the outcome, {least:.1%} at least, more than any other."
    return Check("leak", least <= most, said, least, most)


def check_foresight(
    lost: NDArray[np.float64],
    beside: NDArray[np.float64],
    constant: NDArray[np.float64],
    cluster: NDArray[np.intp],
    most: float,
) -> Check:
    """The whole of a model must not be shown to foretell more either, but where the champion foretells nearly as much.

    Its losses f8[n], the champion's, and those of one figure for all.
    """
    least, share = _share(lost, constant, cluster)
    _, known = _share(beside, constant, cluster)
    bound = max(most, known + most / 2)
    said = (
        f"All features together explain {share:.1%} of the outcome, {least:.1%} at least; the champion explains "
        f"{known:.1%}."
    )
    return Check("foresight", least <= bound, said, least, bound)


def explained(
    values: NDArray[np.float64],
    target: NDArray[np.float64],
    categorical: bool,
    fit: NDArray[np.intp],
    judge: NDArray[np.intp],
    cluster: NDArray[np.intp],
) -> tuple[float, float]:
    """The share of the judged rows' loss that one feature's bins save: what it is beyond doubt, and as found."""
    response = bool(np.isin(target, (0.0, 1.0)).all())
    bin = _bins(values, categorical, fit)
    mean = float(target[fit].mean())
    size = int(bin.max()) + 1
    count = np.bincount(bin[fit], minlength=size)
    rate = (np.bincount(bin[fit], target[fit], size) + _PRIOR * mean) / (count + _PRIOR)
    open = losses(np.full(len(judge), mean), target[judge], response)
    return _share(losses(rate[bin[judge]], target[judge], response), open, cluster)


def _share(lost: NDArray[np.float64], open: NDArray[np.float64], cluster: NDArray[np.intp]) -> tuple[float, float]:
    """The share of open losses f8[n] that is saved: its lower end, for the best of many features, and as found."""
    total = float(open.mean())
    if total <= 0.0:
        return 0.0, 0.0
    least, _ = interval(open - lost, cluster, ERRORS)
    return least / total, float((open - lost).mean()) / total


def _bins(values: NDArray[np.float64], categorical: bool, fit: NDArray[np.intp]) -> NDArray[np.intp]:
    """A bin for every row: 0 where the value is missing, then the most frequent words, or stretches of numbers.

    The stretches are narrow at both ends, where a few rows that know the outcome would stand.
    """
    known = np.isfinite(values)
    seen = values[fit][known[fit]]
    bin = np.zeros(len(values), np.intp)
    if not len(seen):
        return bin
    if categorical:
        words, counts = np.unique(seen, return_counts=True)
        kept = np.sort(words[np.argsort(-counts, kind="stable")[:_WORDS]])
        place = np.minimum(np.searchsorted(kept, values), len(kept) - 1)
        bin[known] = np.where(kept[place] == values, place + 2, 1)[known]
        return bin
    edges = np.unique(np.quantile(seen, _PLACES))
    bin[known] = np.searchsorted(edges, values[known], side="left") + 1
    return bin
